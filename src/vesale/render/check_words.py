"""Every sentence of the page of `vesale check`, in English and French; what one finding says comes with the finding."""

from collections.abc import Mapping

CHECK: Mapping[str, tuple[str, str]] = {
    "check.title": ("Check of {cohort}", "Contrôle de {cohort}"),
    "check.counts": (
        "{exams} of {subjects} can be used. {errors}, {warnings}, {notes}.",
        "{exams} de {subjects} utilisables. {errors}, {warnings}, {notes}.",
    ),
    "check.ok": (
        "Nothing stands in the way of learning from this cohort and measuring on it.",
        "Rien n'empêche d'apprendre de cette cohorte et de mesurer sur elle.",
    ),
    "check.stop": (
        "Errors must be corrected, or named with --allow, before anything is learned.",
        "Les erreurs doivent être corrigées, ou nommées avec --allow, avant tout apprentissage.",
    ),
    "check.none": ("Nothing was found.", "Rien n'a été trouvé."),
    "check.allowed": ("Allowed: {kinds}", "Autorisé : {kinds}"),
    "check.left_out": ("Exams left out", "Examens exclus"),
    "check.reason": ("Reason", "Raison"),
    "check.do": ("What to do", "Que faire"),
    "check.evidence": ("Evidence", "Preuve"),
    "check.sure": ("How sure", "Certitude"),
    "check.splits": ("Parts", "Parties"),
    "check.exams": ("Exams", "Examens"),
    "check.more": ("and {n} more", "et {n} de plus"),
    "check.chequer": ("the one laid over the other", "l'une posée sur l'autre"),
    "check.share": ("share of the exams", "part des examens"),
    "check.others": ("others", "autres"),
    "check.alt": ("Pictures of this finding: {exams}", "Images de ce constat : {exams}"),
    "check.kind.unreadable": ("Unreadable file", "Fichier illisible"),
    "check.kind.missing_file": ("Missing file", "Fichier manquant"),
    "check.kind.bad_row": ("Faulty row", "Ligne fautive"),
    "check.kind.no_subject": ("No subject", "Sujet absent"),
    "check.kind.exact_duplicate": ("The same picture twice", "La même image deux fois"),
    "check.kind.near_duplicate": ("Nearly the same picture", "Presque la même image"),
    "check.kind.subject_leak": ("A subject on both sides", "Un sujet des deux côtés"),
    "check.kind.label_conflict": ("Labels that disagree", "Étiquettes contradictoires"),
    "check.kind.shortcut": ("A shortcut", "Un raccourci"),
    "check.kind.burned_in_text": ("Letters in the pixels", "Lettres dans les pixels"),
    "check.kind.metadata_shortcut": ("The file gives the answer away", "Le fichier trahit la réponse"),
    "check.kind.mask_mismatch": ("A mask that does not fit", "Un masque qui ne correspond pas"),
    "check.kind.label_outlier": ("A doubtful label", "Une étiquette douteuse"),
    "check.why.unreadable": (
        "What cannot be opened can be neither learned from nor measured on.",
        "Ce qui ne s'ouvre pas ne sert ni à apprendre ni à mesurer.",
    ),
    "check.why.missing_file": (
        "The table names a file that is not there.",
        "La table nomme un fichier qui n'est pas là.",
    ),
    "check.why.bad_row": (
        "A row that cannot be understood is not guessed at.",
        "Une ligne qui ne se comprend pas n'est pas devinée.",
    ),
    "check.why.no_subject": (
        "Without subjects, two images of one person may stand on both sides of a split.",
        "Sans sujets, deux images d'une personne peuvent se trouver des deux côtés d'un partage.",
    ),
    "check.why.exact_duplicate": (
        "Every pixel is the same. Learned from and tested on, it is an answer known beforehand.",
        "Chaque pixel est le même. Apprise et testée, c'est une réponse connue d'avance.",
    ),
    "check.why.near_duplicate": (
        "Laid over each other, the pictures agree in fine detail: one is the other saved again, turned, mirrored or "
        "cropped, or the same scene taken again. Learned from and tested on, it flatters the result.",
        "Posées l'une sur l'autre, les images s'accordent dans les détails fins : l'une est l'autre enregistrée de "
        "nouveau, tournée, en miroir ou recadrée, ou la même scène prise deux fois. Apprise et testée, elle "
        "flatte le résultat.",
    ),
    "check.why.subject_leak": (
        "A network recognises a person; measured on images of those it learned from, it looks better than it is.",
        "Un réseau reconnaît une personne ; mesuré sur des images de ceux dont il a appris, il "
        "paraît meilleur qu'il n'est.",
    ),
    "check.why.label_conflict": (
        "The same picture with two answers: one of them is wrong, and no model can be right on both.",
        "La même image avec deux réponses : l'une est fausse, et aucun modèle ne peut avoir raison sur les deux.",
    ),
    "check.why.shortcut": (
        "Something that is not the disease tells the answer: a model may learn that instead.",
        "Autre chose que la maladie donne la réponse : un modèle peut apprendre cela à la place.",
    ),
    "check.why.burned_in_text": (
        "Letters in the pixels may name a person, or give the answer away.",
        "Des lettres dans les pixels peuvent nommer une personne, ou trahir la réponse.",
    ),
    "check.why.metadata_shortcut": (
        "Size, compression or header alone tell the answer: a model may learn where an image comes from.",
        "La taille, la compression ou l'en-tête suffisent à donner la réponse : un modèle peut apprendre "
        "la provenance.",
    ),
    "check.why.mask_mismatch": (
        "The outline was not drawn on this image, or not at this place.",
        "Le contour n'a pas été tracé sur cette image, ou pas à cet endroit.",
    ),
    "check.why.label_outlier": (
        "The exam looks like those of another label.",
        "L'examen ressemble à ceux d'une autre étiquette.",
    ),
}
