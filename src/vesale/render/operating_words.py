"""Words of the page about a programme's operating point, in English and French, and its metrics."""

from collections.abc import Mapping
from typing import Literal

OPERATING: Mapping[str, tuple[str, str]] = {
    "operating.title": ("{programme}: what it does, how sure", "{programme} : ce qu'il fait, avec quelle certitude"),
    "operating.short": ("In short", "En bref"),
    "operating.lead": (
        "In {patients}, of whom {bad} are referable: {found} of the referable were not set aside, and {spared} of the "
        "others were.",
        "Chez {patients}, dont {bad} relèvent d'un médecin : {found} de ceux-là n'ont pas été mis de côté, et {spared} "
        "des autres l'ont été.",
    ),
    "operating.promised": (
        "Set aside under the promise: {n}. Promise: {promise}. Found here: {missed} of those set aside are referable.",
        "Mis de côté sous promesse : {n}. Promesse : {promise}. Constaté ici : {missed} de ceux mis de côté relèvent "
        "d'un médecin.",
    ),
    "operating.point": ("Operating point, by patient", "Point de fonctionnement, par patient"),
    "operating.risk": ("How the risk ranks patients", "Comment le risque classe les patients"),
    "operating.workload": ("Of 1,000 patients", "Sur 1 000 patients"),
    "operating.workload.help": (
        "Were so many of them referable, and otherwise like the patients here. Intervals take the prevalence as given.",
        "Si tant d'entre eux relevaient d'un médecin, et pour le reste comme ici. Les intervalles prennent la "
        "prévalence comme donnée.",
    ),
    "operating.prevalence": ("Referable", "Relevant d'un médecin"),
    "operating.curve": ("Decision curve", "Courbe de décision"),
    "operating.curve.help": (
        "Net benefit (Vickers and Elkin 2006): true referrals less false ones, weighed by the odds of the threshold. "
        "Above both other lines it is worth using at that threshold; referring nobody is 0.",
        "Bénéfice net (Vickers et Elkin 2006) : renvois justifiés moins injustifiés, pesés par la cote du seuil. "
        "Au-dessus des autres lignes, il vaut la peine à ce seuil ; ne renvoyer personne vaut 0.",
    ),
    "operating.threshold": ("threshold probability", "probabilité seuil"),
    "operating.benefit": ("net benefit, per patient", "bénéfice net, par patient"),
    "operating.by_risk": ("refer by the risk", "renvoyer selon le risque"),
    "operating.as_decided": ("refer as decided", "renvoyer comme décidé"),
    "operating.everyone": ("refer everyone", "renvoyer tout le monde"),
    "operating.nobody": ("refer nobody", "ne renvoyer personne"),
    "operating.context": ("Published trials, as context only", "Essais publiés, à titre de contexte seulement"),
    "operating.context.help": (
        "Other patients, other cameras, another reference standard: not to be compared number by number. Read in the "
        "abstracts of the papers.",
        "Autres patients, autres appareils, autre référence : à ne pas comparer chiffre à chiffre. Lu dans les résumés "
        "des articles.",
    ),
    "operating.trial": ("Trial", "Essai"),
    "operating.metric": ("Number", "Valeur"),
    "operating.command": ("Command", "Commande"),
}
OPERATING_FORMS: Mapping[str, Literal["share", "index", "number"]] = {
    **dict.fromkeys(("imageability", "set_aside", "missed_aside"), "share"),
    **dict.fromkeys(("sensitivity_imageable", "specificity_imageable"), "share"),
    **dict.fromkeys(("saved_per_1000", "missed_per_1000"), "number"),
}
OPERATING_METRICS: Mapping[str, tuple[str, str]] = {
    "imageability": ("Imageability", "Imageabilité"),
    "imageability.help": (
        "The share of patients with a usable photograph of everything that is asked for.",
        "La part des patients ayant une photographie utilisable de tout ce qui est demandé.",
    ),
    "set_aside": ("Set aside", "Mis de côté"),
    "set_aside.help": ("The share of all patients who need no doctor's look.", "La part des patients sans relecture."),
    "missed_aside": ("Referable among those set aside", "Relevant d'un médecin parmi les mis de côté"),
    "missed_aside.help": (
        "Of the patients set aside, the share who should have seen a doctor.",
        "Parmi les patients mis de côté, la part de ceux qui auraient dû voir un médecin.",
    ),
    "sensitivity_imageable": ("Sensitivity, imageable only", "Sensibilité, imageables seuls"),
    "sensitivity_imageable.help": (
        "As trials report it: patients who could not be imaged are left out.",
        "Comme les essais la donnent : sans les patients non imageables.",
    ),
    "specificity_imageable": ("Specificity, imageable only", "Spécificité, imageables seuls"),
    "specificity_imageable.help": (
        "As trials report it: patients who could not be imaged are left out.",
        "Comme les essais la donnent : sans les patients non imageables.",
    ),
    "saved_per_1000": ("Readings saved", "Lectures évitées"),
    "saved_per_1000.help": ("Patients set aside, of 1,000.", "Patients mis de côté, sur 1 000."),
    "missed_per_1000": ("Of them missed", "Dont manqués"),
    "missed_per_1000.help": ("Referable patients set aside, of 1,000.", "Patients manqués, sur 1 000."),
}
