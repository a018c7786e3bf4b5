"""Every sentence that a user sees on a page, in a card or in the terminal, in English and French; metrics are apart."""

from collections.abc import Mapping

from .acceptance_words import ACCEPTANCE
from .audit_words import AUDIT
from .calibration_words import CALIBRATION
from .check_words import CHECK
from .drift_words import DRIFT
from .evidence_words import EVIDENCE
from .explain_words import EXPLAIN
from .gate_words import GATE
from .operating_words import OPERATING
from .present_words import PRESENT
from .privacy_words import PRIVACY
from .programme_words import PROGRAMME
from .refer_words import REFER
from .seen_words import SEEN, SEEN_LEADS

NOUNS: Mapping[str, tuple[str, str]] = {
    "subject": ("subject|subjects", "sujet|sujets"),
    "exam": ("exam|exams", "examen|examens"),
    "patient": ("patient|patients", "patient|patients"),
    "pixel": ("pixel|pixels", "pixel|pixels"),
    "block": ("block|blocks", "bloc|blocs"),
    "seed": ("seed|seeds", "graine|graines"),
    "trial": ("trial|trials", "essai|essais"),
    "error": ("error|errors", "erreur|erreurs"),
    "warning": ("warning|warnings", "avertissement|avertissements"),
    "note": ("note|notes", "remarque|remarques"),
}
"""Noun -> singular|plural."""

STATUS: Mapping[str, tuple[str, str]] = {
    "status.reported": ("answered", "répondu"),
    "status.referred": ("to a reader", "à un lecteur"),
    "status.declined": ("not answered", "sans réponse"),
    "status.failed": ("failed", "échec"),
    "status.reported.help": (
        "The software answered. A reader confirms or corrects.",
        "Le logiciel a répondu. Un lecteur confirme ou corrige.",
    ),
    "status.referred.help": (
        "The software is not sure enough to answer alone: a reader must decide. Its opinion is shown for what it is.",
        "Le logiciel n'est pas assez sûr pour répondre seul : un lecteur doit trancher. Son avis est donné pour "
        "ce qu'il vaut.",
    ),
    "status.declined.help": (
        "This image is not what the software was made for: it gives no answer.",
        "Cette image n'est pas de celles pour lesquelles le logiciel est fait : il ne répond pas.",
    ),
    "status.failed.help": (
        "The image could not be processed; the cause and the remedy stand above.",
        "L'image n'a pas pu être traitée ; la cause et le remède sont indiqués plus haut.",
    ),
    "reason.unreadable": ("cannot be read", "illisible"),
    "reason.wrong_modality": ("wrong kind of image", "mauvais type d'image"),
    "reason.low_quality": ("poor quality", "qualité insuffisante"),
    "reason.unlike_training": ("unlike the training images", "différente des images d'apprentissage"),
    "reason.no_scale": ("no physical scale", "échelle physique inconnue"),
    "reason.not_calibrated": ("not calibrated", "non calibré"),
    "reason.too_few_calibration": ("too few exams to calibrate on", "trop peu d'examens de calibration"),
    "reason.uncertain": ("uncertain", "incertain"),
}

ANSWERS: Mapping[str, tuple[str, str]] = {
    "unknown": ("not known", "non connu"),
    "unknown.why": ("not known: {why}", "non connu : {why}"),
    "interval.unknown": ("interval not known", "intervalle non connu"),
    "colon": (": ", " : "),
    "semicolon": ("; ", " ; "),
    "yes": ("yes", "oui"),
    "no": ("no", "non"),
    "answer.none": ("no answer", "pas de réponse"),
    "answer.none_found": ("none of them", "aucun"),
    "answer.interval": ("{level} interval {low} to {high}", "intervalle à {level} : {low} à {high}"),
    "answer.set": ("at {level} it cannot rule out: {names}", "à {level}, ne peut exclure : {names}"),
    "answer.set_empty": ("at {level} it fits none of the names", "à {level}, aucun des noms ne convient"),
    "answer.uncalibrated": (
        "how sure it is is not known (not calibrated)",
        "sa certitude n'est pas connue (non calibré)",
    ),
    "answer.uncalibrated_p": (
        "raw score {p}, not a probability (not calibrated)",
        "score brut {p}, pas une probabilité (non calibré)",
    ),
    "answer.probability": ("probability {p}", "probabilité {p}"),
    "answer.samples": ("{n} samples, size in mm not known", "{n} échantillons, taille en mm non connue"),
    "answer.objects": ("{n} separate", "{n} distincts"),
    "answer.risk": (
        "cut at probability {threshold} it would miss at most {alpha} of the structure on average (calibrated on {n})",
        "coupé à la probabilité {threshold}, il manquerait au plus {alpha} de la structure en moyenne "
        "(calibré sur {n})",
    ),
    "answer.risk_sure": (
        "cut at probability {threshold} it misses at most {alpha} of the structure, with confidence {confidence} "
        "(calibrated on {n})",
        "coupé à la probabilité {threshold}, il manque au plus {alpha} de la structure, avec une confiance de "
        "{confidence} (calibré sur {n})",
    ),
    "answer.risk_none": ("no promise about what it misses", "aucune promesse sur ce qui est manqué"),
    "picture.found": ("found", "trouvé"),
    "picture.missed": ("missed", "manqué"),
    "picture.false_alarm": ("false alarm", "fausse alerte"),
    "picture.confused": ("other name", "autre nom"),
    "picture.none": ("none", "aucun"),
    "picture.not_scored": ("dark: not scored", "sombre : non évalué"),
    "picture.slice": ("slice {number} of {total}", "coupe {number} sur {total}"),
}

REPORT: Mapping[str, tuple[str, str]] = {
    "report.kind": ("Evaluation report", "Rapport d'évaluation"),
    "report.short": ("In short", "En bref"),
    "report.question": ("What was asked", "La question"),
    "report.answer": ("What was found", "La réponse"),
    "report.trust": ("What it may decide alone", "Ce qu'il peut décider seul"),
    "report.cohort_line.test": (
        "In {exams} of {subjects} held out from training",
        "Sur {exams} de {subjects} tenus à l'écart de l'apprentissage",
    ),
    "report.cohort_line.cross": (
        "In {exams} of {subjects}, each read by a network that had not learned from that subject",
        "Sur {exams} de {subjects}, chacun lu par un réseau qui n'avait rien appris de ce sujet",
    ),
    "report.cohort_line.external": (
        "In {exams} of {subjects} of another origin than those it learned from",
        "Sur {exams} de {subjects} d'une autre origine que ceux de l'apprentissage",
    ),
    "report.cohort_line.other": ("In {exams} of {subjects}", "Sur {exams} de {subjects}"),
    "report.cohort_line.same": ("In the same exams", "Sur les mêmes examens"),
    "report.cohort_line.unsure": (
        "In {exams} (which patients they belong to is not known)",
        "Sur {exams} (on ne sait pas de quels patients)",
    ),
    "report.refer": (
        "Left to itself it would answer {share} of the exams alone and give the rest to a reader; of those answered "
        "alone, {error} were wrong. The promise was: at most {alpha} wrong, with confidence {confidence}.",
        "Livré à lui-même, il répondrait seul à {share} des examens et confierait le reste à un lecteur ; de "
        "ceux auxquels il répond seul, {error} sont faux. La promesse était : au plus {alpha} d'erreurs, avec une "
        "confiance de {confidence}.",
    ),
    "report.refer_zero": (
        "Left to itself it would answer {share} of the exams alone: every exam goes to a reader. The promise asked for "
        'was: at most {alpha} wrong, with confidence {confidence}; what it takes stands under "When it asks a reader".',
        "Livré à lui-même, il répondrait seul à {share} des examens : tous vont à un lecteur. La promesse demandée "
        "était : au plus {alpha} d'erreurs, avec une confiance de {confidence} ; ce qu'elle exige se trouve sous "
        "« Quand il demande un lecteur ».",
    ),
    "report.refer_none": (
        "Nothing: no promise about its errors could be made, so every exam goes to a reader.",
        "Rien : aucune promesse sur ses erreurs n'a pu être faite ; chaque examen va donc à un lecteur.",
    ),
    "report.comparison": (
        "for comparison, {name} reaches {shown}",
        "à titre de comparaison, {name} atteint {shown}",
    ),
    "report.no_measure": ("nothing could be measured", "rien n'a pu être mesuré"),
    "report.intended": ("Meant for", "Usage prévu"),
    "report.limits": ("Limits", "Limites"),
    "report.aid": (
        "An aid for readers. Not a medical device; a physician decides.",
        "Une aide pour les lecteurs. Pas un dispositif médical ; un médecin décide.",
    ),
    "report.warnings": ("Read this first", "À lire d'abord"),
    "warning.no_subject": (
        "The table names no subject. A split by patient was impossible: images of one patient may stand on both sides, "
        "and every number below may be too good.",
        "La table ne nomme aucun sujet. Une séparation par patient était impossible : des images d'un même patient "
        "peuvent se trouver des deux côtés, et chaque nombre ci-dessous peut être trop beau.",
    ),
    "warning.split_unknown": (
        "Whether patients were kept on one side of the split is not known.",
        "On ne sait pas si les patients ont été gardés d'un seul côté de la séparation.",
    ),
    "report.pictures": ("Pictures", "Images"),
    "report.numbers": ("Every number", "Tous les nombres"),
    "report.numbers.help": (
        "The bracket holds the values that chance leaves plausible ({level} interval). The bar shows it from 0 to 1, "
        "the dot being the value.",
        "Le crochet contient les valeurs que le hasard laisse plausibles (intervalle à {level}). La barre le montre "
        "de 0 à 1, le point étant la valeur.",
    ),
    "report.baselines": ("Compared with", "Comparé à"),
    "report.model_column": ("This model", "Ce modèle"),
    "report.curves": ("Curves and confusion", "Courbes et confusions"),
    "report.curves.help": (
        "Shapes for orientation; the numbers with their intervals stand in the tables.",
        "Des formes pour s'orienter ; les nombres et leurs intervalles sont dans les tableaux.",
    ),
    "report.confusion": ("Confusion: {name}", "Confusions : {name}"),
    "report.confusion.help": (
        "Rows: the truth. Columns: the answer. The framed diagonal is right. Per cent of each row; brackets: 95 % "
        "Clopper-Pearson interval, every exam taken as independent.",
        "Lignes : la vérité. Colonnes : la réponse. La diagonale encadrée est juste. Pour cent de chaque ligne ; "
        "crochets : intervalle de Clopper-Pearson à 95 %, chaque examen pris comme indépendant.",
    ),
    "report.calibration": ("Can its probabilities be believed?", "Peut-on croire ses probabilités ?"),
    "report.calibration.none": ("Not measured here.", "Non mesuré ici."),
    "report.reliability": ("Reliability: {name}", "Fiabilité : {name}"),
    "report.reliability.x": ("probability it stated", "probabilité annoncée"),
    "report.reliability.y": ("share that was right", "part de réponses justes"),
    "report.reliability.series": (
        "groups of answers, larger dot: more answers",
        "groupes de réponses, gros point : plus de réponses",
    ),
    "report.bin": ("Stated", "Annoncé"),
    "report.observed": ("Came true", "Observé"),
    "report.bin.help": (
        "Brackets: 95 % interval by subject: exact (Clopper-Pearson) where each subject counts once in a group, else "
        "the bootstrap over subjects, for pixels and exams of one subject are not independent.",
        "Crochets : intervalle à 95 % par sujet : exact (Clopper-Pearson) quand chaque sujet compte une fois dans un "
        "groupe, sinon bootstrap sur les sujets, car pixels et examens d'un sujet ne sont pas indépendants.",
    ),
    "report.chance": ("chance", "hasard"),
    "report.perfect": ("perfect", "parfait"),
    "report.referral": ("When it asks a reader", "Quand il demande un lecteur"),
    "report.refer_rule": ("Refer rule", "Règle de renvoi"),
    "report.gate": ("Input gate", "Contrôle à l'entrée"),
    "report.promise": ("Promise", "Promesse"),
    "report.promise.text": (
        "of the exams answered alone at most {alpha} are wrong, with confidence {confidence}",
        "des examens répondus seuls, au plus {alpha} sont faux, avec une confiance de {confidence}",
    ),
    "report.subgroups": ("Does it work equally well for everyone?", "Marche-t-il aussi bien pour tous ?"),
    "report.subgroups.none": (
        "Not known: the table names no trait (sex, age, site, scanner), or no subgroup was asked for.",
        "Non connu : la table ne nomme aucun trait (sexe, âge, site, appareil), ou aucun sous-groupe n'a été demandé.",
    ),
    "report.subgroups.help": (
        "Intervals that overlap widely do not prove that two groups are served equally: small groups hide differences.",
        "Des intervalles qui se recouvrent ne prouvent pas l'égalité : les petits groupes cachent des différences.",
    ),
    "report.per_class": ("Class by class", "Classe par classe"),
    "report.cohort": ("Who was measured", "Qui a été mesuré"),
    "report.excluded": ("Left out", "Exclus"),
    "report.excluded.none": ("No exam was left out.", "Aucun examen n'a été exclu."),
    "report.findings": ("What the check of the data found", "Ce que le contrôle des données a trouvé"),
    "report.findings.none": ("Nothing was found.", "Rien n'a été trouvé."),
    "report.findings.absent": ("The data were not checked in this run.", "Les données n'ont pas été contrôlées ici."),
    "report.exams": ("Exam by exam", "Examen par examen"),
    "report.exams.rest": ("{n} more are in exams.csv.", "{n} autres sont dans exams.csv."),
    "report.exams.show": ("Show {exams}", "Montrer {exams}"),
    "report.again": ("How to do it again", "Pour refaire"),
    "report.nothing": ("Nothing to show.", "Rien à montrer."),
}

LABELS: Mapping[str, tuple[str, str]] = {
    "label.output": ("Output", "Sortie"),
    "label.measure": ("Measure", "Mesure"),
    "label.value": ("Value [interval]", "Valeur [intervalle]"),
    "label.n": ("n", "n"),
    "label.method": ("How it was found", "Comment"),
    "label.meaning": ("What it means", "Ce que cela veut dire"),
    "label.class": ("Class", "Classe"),
    "label.trait": ("Trait", "Trait"),
    "label.group": ("Group", "Groupe"),
    "label.subjects": ("Subjects", "Sujets"),
    "label.exams": ("Exams", "Examens"),
    "label.exam": ("Exam", "Examen"),
    "label.status": ("Status", "Statut"),
    "label.truth": ("Truth", "Vérité"),
    "label.prediction": ("Answer", "Réponse"),
    "label.confidence": ("Confidence", "Confiance"),
    "label.reason": ("Reason", "Raison"),
    "label.remedy": ("What to do", "Que faire"),
    "label.cause": ("Cause", "Cause"),
    "label.input": ("Input", "Entrée"),
    "label.severity": ("Severity", "Gravité"),
    "label.kind": ("Kind", "Type"),
    "label.finding": ("Finding", "Constat"),
    "label.picture": ("Picture", "Image"),
    "label.files": ("Files", "Fichiers"),
    "label.model": ("Model", "Modèle"),
    "label.version": ("Version", "Version"),
    "label.digest": ("Digest", "Empreinte"),
    "label.recipe": ("Recipe", "Recette"),
    "label.machine": ("Machine", "Machine"),
    "label.training": ("Training", "Apprentissage"),
    "label.training.value": ("{time}, {steps} steps", "{time}, {steps} pas"),
    "label.cohort": ("Cohort", "Cohorte"),
    "label.split": ("Split", "Séparation"),
    "label.split_by_subject": ("Split by subject", "Séparé par sujet"),
    "label.command": ("Command", "Commande"),
    "label.seconds": ("Time of this evaluation", "Durée de cette évaluation"),
    "label.duration": ("Duration", "Durée"),
    "label.peak": ("Peak memory", "Mémoire maximale"),
    "label.licence": ("Licence", "Licence"),
    "label.use": ("Allowed use", "Usage permis"),
    "label.citation": ("Please cite", "À citer"),
    "label.data": ("Data", "Données"),
    "label.modalities": ("Modalities", "Modalités"),
    "label.started": ("Started", "Début"),
    "label.n_bin": ("Answers", "Réponses"),
    "label.sum": ("n", "n"),
    "label.truth_answer": ("truth \u2193  answer \u2192", "vérité \u2193  réponse \u2192"),
    "label.lines": ("lines {lines} of the table", "lignes {lines} de la table"),
    "severity.error": ("error", "erreur"),
    "severity.warning": ("warning", "avertissement"),
    "severity.note": ("note", "remarque"),
    "use.any": ("any", "tout usage"),
    "use.non_commercial": ("non-commercial", "non commercial"),
    "use.research": ("research only", "recherche seulement"),
}

LEADS: Mapping[str, tuple[str, str]] = {
    **SEEN_LEADS,
    "lead.partition.dice": (
        "its outlines overlap the experts' by {shown} (Dice; 1 is the same outline)",
        "ses contours recouvrent ceux des experts à {shown} (Dice ; 1 : contours identiques)",
    ),
    "lead.partition.sensitivity": (
        "it found {shown} of what the experts marked",
        "il a trouvé {shown} de ce que les experts ont marqué",
    ),
    "lead.partition.f1": (
        "its outlines agree with the experts' by {shown} (F1; 1 is perfect)",
        "ses contours s'accordent avec ceux des experts à {shown} (F1 ; 1 est parfait)",
    ),
    "lead.partition.object_f1": (
        "object by object it agrees with the experts by {shown} (F1; 1 is perfect)",
        "objet par objet, il s'accorde avec les experts à {shown} (F1 ; 1 est parfait)",
    ),
    "lead.partition.auprc": (
        "over all thresholds its marks are right by {shown} (area under precision-recall; 1 is perfect)",
        "sur tous les seuils, ses marques sont justes à {shown} (aire précision-rappel ; 1 est parfait)",
    ),
    "lead.category.sensitivity": (
        "it found {shown} of the exams that have it",
        "il a trouvé {shown} des examens atteints",
    ),
    "lead.category.specificity": (
        "it called {shown} of the others free of it",
        "il a dit indemnes {shown} des autres",
    ),
    "lead.category.balanced_accuracy": (
        "it named {shown} rightly, each class counting the same",
        "il a bien nommé {shown}, chaque classe comptant autant",
    ),
    "lead.category.accuracy": ("it named {shown} rightly", "il a bien nommé {shown}"),
    "lead.category.auc": (
        "it ranks a case that has it above one that has not with {shown} (AUC; 0.5 is a coin, 1 is perfect)",
        "il classe un cas atteint devant un cas indemne à {shown} (AUC ; 0,5 est pile ou face, 1 est parfait)",
    ),
    "lead.quantity.kappa_quadratic": (
        "its grades agree with the experts' by {shown} (quadratic kappa; 0 is chance, 1 is full agreement)",
        "ses grades s'accordent avec ceux des experts à {shown} (kappa quadratique ; 0 est le hasard, 1 l'accord)",
    ),
    "lead.quantity.sensitivity": (
        "it found {shown} of the exams that call for action",
        "il a trouvé {shown} des examens qui demandent une action",
    ),
    "lead.quantity.accuracy": ("it named {shown} of the grades exactly", "il a nommé {shown} des grades exactement"),
    "lead.quantity.mae": ("it is {shown} off on average", "il se trompe de {shown} en moyenne"),
    "lead.quantity.pcc": ("it follows the truth with correlation {shown}", "il suit la vérité à {shown} (corrélation)"),
    "lead.picture.psnr_db": ("its error is {shown} below the signal's range", "son erreur est {shown} sous le signal"),
    "lead.picture.ssim": (
        "its pictures resemble the true ones by {shown} (SSIM; 1 is the same)",
        "ses images ressemblent aux vraies à {shown} (SSIM ; 1 est identique)",
    ),
    "lead.picture.pairwise": (
        "its picture is nearer to the true one than to another in {shown} (50 % is a coin)",
        "son image est plus proche de la vraie que d'une autre dans {shown} (50 % est pile ou face)",
    ),
}
"""lead.<kind>.<metric>, the most telling first: how the first lines of a report say it."""

READING: Mapping[str, tuple[str, str]] = {
    "reading.title": ("Reading: {model}", "Lecture : {model}"),
    "reading.failures": ("Not processed", "Non traités"),
    "reading.exams": ("Exams", "Examens"),
    "reading.counts": (
        "{exams}: {reported} answered, {referred} to a reader, {declined} not answered, {failed} failed.",
        "{exams} : {reported} répondus, {referred} à un lecteur, {declined} sans réponse, {failed} en échec.",
    ),
    "reading.no_picture": ("no picture", "pas d'image"),
    "reading.alt": ("Exam {exam}, with the answer drawn on it", "Examen {exam}, avec la réponse dessinée"),
    "reading.about": ("The model and the run", "Le modèle et l'exécution"),
    "reading.document": ("all details (JSON)", "tous les détails (JSON)"),
    "reason.measured": ("measured {value}, limit {threshold}", "mesuré {value}, limite {threshold}"),
    "card.trained_on": ("Learned from", "Appris sur"),
    "card.measured": ("Measured", "Mesuré"),
    "card.rules": ("When it asks a reader", "Quand il demande un lecteur"),
    "card.how": ("How it was made", "Comment il a été fait"),
    "text.no_findings": ("no findings", "aucun constat"),
    "text.excluded": ("{exams} left out", "{exams} exclus"),
}

MESSAGES: Mapping[str, tuple[str, str]] = {
    **STATUS,
    **ANSWERS,
    **REPORT,
    **LABELS,
    **LEADS,
    **READING,
    **PRESENT,
    **PRIVACY,
    **PROGRAMME,
    **OPERATING,
    **ACCEPTANCE,
    **DRIFT,
    **CALIBRATION,
    **EXPLAIN,
    **EVIDENCE,
    **AUDIT,
    **GATE,
    **CHECK,
    **REFER,
    **SEEN,
}
