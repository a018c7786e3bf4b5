"""What each metric is called and what it means to a doctor, in English and French; sentences of pages are elsewhere."""

from collections.abc import Mapping
from typing import Literal

from .audit_words import AUDIT_FORMS, AUDIT_METRICS
from .operating_words import OPERATING_FORMS, OPERATING_METRICS
from .seen_words import SEEN_METRICS

Form = Literal["share", "index", "number"]

FORMS: Mapping[str, Form] = {
    **AUDIT_FORMS,
    **OPERATING_FORMS,
    "accuracy": "share",
    "balanced_accuracy": "share",
    "sensitivity": "share",
    "specificity": "share",
    "sensitivity_at_specificity_90": "share",
    "precision": "share",
    "npv": "share",
    "pairwise": "share",
    "within_class": "share",
    "inside": "share",
    "permutation_p": "number",
    "coverage": "share",
    "observed": "share",
    "within_one": "share",
    "declined": "share",
    "noise_rate": "share",
    "referred": "share",
    "share_reported": "share",
    "error_reported": "share",
    "mae": "number",
    "hd95_mm": "number",
    "psnr_db": "number",
    "psnr_affine_db": "number",
    "mse": "number",
}
"""share: of 100, shown in per cent; number: in its own unit; every other metric is an index, 1 being perfect."""

LOWER_IS_BETTER = frozenset(
    {"mae", "mse", "permutation_p", "hd95_mm", "ece", "brier", "error_reported", "cost_reported"}
)

METRICS: Mapping[str, tuple[str, str]] = {
    **AUDIT_METRICS,
    "noise_rate": ("Wrong labels, estimated", "Étiquettes fausses, estimées"),
    "noise_rate.help": (
        "Share of labels that colour, texture and layout contradict; what these cannot tell is counted, too.",
        "Part des étiquettes que la couleur, la texture et la disposition contredisent ; ce qu'elles ne "
        "distinguent pas est aussi compté.",
    ),
    **OPERATING_METRICS,
    "auc": ("AUC", "AUC"),
    "auc.help": (
        "Of one case that has it and one that has not, how often the software ranks the right one higher: "
        "0.5 is a coin, 1 is perfect.",
        "Entre un cas atteint et un cas indemne, part des fois où le logiciel classe le bon plus haut : "
        "0,5 est pile ou face, 1 est parfait.",
    ),
    "accuracy": ("Accuracy", "Exactitude"),
    "accuracy.help": (
        "Share of answers that are right; misleading when one answer is rare.",
        "Part des réponses justes ; trompeuse quand une réponse est rare.",
    ),
    "balanced_accuracy": ("Balanced accuracy", "Exactitude équilibrée"),
    "balanced_accuracy.help": (
        "Share of right answers, each class counting the same however rare it is.",
        "Part des réponses justes, chaque classe comptant autant, si rare soit-elle.",
    ),
    "sensitivity": ("Sensitivity", "Sensibilité"),
    "sensitivity.help": (
        "Of what is truly there, the share that is found; the rest is missed.",
        "De ce qui est vraiment présent, la part trouvée ; le reste est manqué.",
    ),
    "specificity": ("Specificity", "Spécificité"),
    "specificity.help": (
        "Of what is truly free of it, the share called free; the rest are false alarms.",
        "De ce qui est vraiment indemne, la part dite indemne ; le reste sont de fausses alertes.",
    ),
    "sensitivity_at_specificity_90": ("Sensitivity at 90 % specificity", "Sensibilité à 90 % de spécificité"),
    "sensitivity_at_specificity_90.help": (
        "Of what calls for action, the share found where one in ten of the others is called in error.",
        "De ce qui demande d'agir, la part trouvée quand un autre sur dix est signalé à tort.",
    ),
    "precision": ("Precision (positive predictive value)", "Précision (valeur prédictive positive)"),
    "precision.help": (
        "Of what the software marks, the share that is right; depends on how frequent the finding is here.",
        "De ce que le logiciel marque, la part juste ; dépend de la fréquence dans cette population.",
    ),
    "npv": ("Negative predictive value", "Valeur prédictive négative"),
    "npv.help": (
        "Of what the software calls free, the share that is; depends on how frequent the finding is here.",
        "De ce que le logiciel dit indemne, la part qui l'est ; dépend de la fréquence dans cette population.",
    ),
    "kappa_quadratic": ("Quadratic kappa", "Kappa quadratique"),
    "kappa_quadratic.help": (
        "Agreement on a grade beyond chance; far-off grades weigh more: 0 is chance, 1 is full agreement.",
        "Accord sur un grade au-delà du hasard ; les écarts lointains pèsent plus : 0 est le hasard, 1 l'accord total.",
    ),
    "mae": ("Mean absolute error", "Erreur absolue moyenne"),
    "mae.help": (
        "How far the answer is from the truth on average; smaller is better.",
        "Écart moyen entre la réponse et la vérité ; plus petit est mieux.",
    ),
    "within_one": ("At most one step off", "À un cran près"),
    "within_one.help": (
        "Share of grades that are right or one step off.",
        "Part des grades justes ou à un cran de la vérité.",
    ),
    "dice": ("Dice overlap", "Recouvrement de Dice"),
    "dice.help": (
        "How well the outline covers the experts': 0 is no overlap, 1 is the same outline.",
        "À quel point le contour couvre celui des experts : 0 aucun recouvrement, 1 contours identiques.",
    ),
    "f1": ("F1", "F1"),
    "f1.help": (
        "One number for missing and false alarms together (harmonic mean of sensitivity and precision); 1 is perfect.",
        "Un seul nombre pour les manqués et les fausses alertes (moyenne harmonique de sensibilité et précision) ; "
        "1 est parfait.",
    ),
    "auprc": ("Area under precision-recall", "Aire précision-rappel"),
    "auprc.help": (
        "Precision averaged over all sensitivities: the fair one for rare findings; a coin gets their frequency.",
        "Précision moyenne sur toutes les sensibilités : la mesure juste pour le rare ; pile ou face en obtient "
        "la fréquence.",
    ),
    "object_dice": ("Object Dice", "Dice par objet"),
    "object_dice.help": (
        "Overlap measured gland by gland (object by object) rather than pixel by pixel; 1 is perfect.",
        "Recouvrement mesuré objet par objet plutôt que pixel par pixel ; 1 est parfait.",
    ),
    "object_f1": ("Object F1", "F1 par objet"),
    "object_f1.help": (
        "Objects found, missed and falsely marked, in one number; 1 is perfect.",
        "Objets trouvés, manqués et marqués à tort, en un seul nombre ; 1 est parfait.",
    ),
    "hd95_mm": ("Boundary distance (95 %)", "Distance des contours (95 %)"),
    "hd95_mm.help": (
        "95 % of the outline lies closer than this to the experts' outline; smaller is better.",
        "95 % du contour est à moins de cette distance de celui des experts ; plus petit est mieux.",
    ),
    "psnr_db": ("Signal to error (PSNR)", "Rapport signal sur erreur (PSNR)"),
    "psnr_db.help": (
        "How small the error of a picture is beside its range; 3 dB more is half the squared error.",
        "Petitesse de l'erreur d'une image devant son étendue ; 3 dB de plus : moitié moins d'erreur quadratique.",
    ),
    "psnr_affine_db": ("PSNR, brightness and contrast matched", "PSNR, luminosité et contraste ajustés"),
    "psnr_affine_db.help": (
        "The same after the best brightness and contrast: what is left is error of structure.",
        "La même après ajustement de luminosité et contraste : ce qui reste est une erreur de structure.",
    ),
    "ssim": ("Structural similarity (SSIM)", "Similarité structurelle (SSIM)"),
    "ssim.help": (
        "Likeness of local structure between two pictures: 1 is the same.",
        "Ressemblance des structures locales entre deux images : 1 est identique.",
    ),
    "pcc": ("Correlation", "Corrélation"),
    "pcc.help": (
        "Whether answer and truth rise and fall together: 0 is not at all, 1 is always; says nothing of a bias.",
        "Si la réponse et la vérité varient ensemble : 0 pas du tout, 1 toujours ; ne dit rien d'un biais.",
    ),
    "mse": ("Mean squared error", "Erreur quadratique moyenne"),
    "mse.help": ("Large errors weigh more; smaller is better.", "Les grandes erreurs pèsent plus ; petit est mieux."),
    "pairwise": ("Pairwise identification", "Identification par paires"),
    "pairwise.help": (
        "Shown the true picture and another, how often the reconstruction is nearer to the true one: 50 % is a coin.",
        "Devant la vraie image et une autre, part des fois où la reconstruction est plus proche de la vraie : "
        "50 % est pile ou face.",
    ),
    **SEEN_METRICS,
    "ece": ("Calibration error", "Erreur de calibration"),
    "ece.help": (
        "Mean gap between the stated probability and how often it comes true; 0 is perfect.",
        "Écart moyen entre la probabilité annoncée et la fréquence observée ; 0 est parfait.",
    ),
    "brier": ("Brier score", "Score de Brier"),
    "brier.help": (
        "Squared error of the stated probabilities: 0 is perfect, smaller is better.",
        "Erreur quadratique des probabilités annoncées : 0 est parfait, plus petit est mieux.",
    ),
    "coverage": ("Coverage", "Couverture"),
    "coverage.help": (
        "How often the truth lies in the stated interval or set.",
        "Part des fois où la vérité est dans l'intervalle ou l'ensemble annoncé.",
    ),
    "declined": ("Declined", "Écartés"),
    "declined.help": (
        "Share of exams that are not answered, because they are unlike those that were learned from.",
        "Part des examens sans réponse, parce qu'ils ne ressemblent pas à ceux d'apprentissage.",
    ),
    "referred": ("Sent to a reader", "Envoyés à un lecteur"),
    "referred.help": (
        "Share of exams that a reader must decide, as the software is not sure enough.",
        "Part des examens qu'un lecteur doit trancher, le logiciel n'étant pas assez sûr.",
    ),
    "observed": ("Came true", "Observé"),
    "observed.help": (
        "How often what was stated came true.",
        "Part des fois où ce qui était annoncé s'est vérifié.",
    ),
    "share_reported": ("Answered alone", "Répondus seuls"),
    "share_reported.help": (
        "Share of exams that the software answers without asking a reader to decide.",
        "Part des examens auxquels le logiciel répond sans demander à un lecteur de trancher.",
    ),
    "error_reported": ("Wrong among those", "Faux parmi ceux-ci"),
    "error_reported.help": (
        "Share of the exams answered alone in which the answer is wrong.",
        "Part des examens répondus seuls dont la réponse est fausse.",
    ),
    "shared_detail": ("Agreement of fine detail", "Accord des détails fins"),
    "shared_detail.help": (
        "Correlation of fine detail when one picture is laid over the other: 1 is the same picture, about 0 another.",
        "Corrélation des détails fins quand une image est posée sur l'autre : 1 est la même image, environ 0 une "
        "autre.",
    ),
    "cost_reported": ("Errors at their price", "Erreurs à leur prix"),
    "cost_reported.help": (
        "What the errors among the exams answered alone cost an exam, a plain error counting 1.",
        "Ce que coûtent par examen les erreurs parmi les examens répondus seuls, une erreur simple comptant 1.",
    ),
}
"""Metric of INTERFACES -> its name; metric.help -> one line of explanation."""
