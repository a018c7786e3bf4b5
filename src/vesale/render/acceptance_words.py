"""What an acceptance report says, in English and French."""

from collections.abc import Mapping

ACCEPTANCE: Mapping[str, tuple[str, str]] = {
    "accept.kind": ("Acceptance report", "Rapport de réception"),
    "accept.title": ("{model} at this site", "{model} sur ce site"),
    "accept.advice": ("Advice", "Avis"),
    "accept.advice.accept": (
        "Accept. On {n} of this site the model does what was stated of it, its gate knows the pictures, and its "
        "promise was renewed here.",
        "Réceptionner. Sur {n} de ce site, le modèle fait ce qui en était dit, son filtre reconnaît les images et sa "
        "promesse a été renouvelée ici.",
    ),
    "accept.advice.accept_with_conditions": (
        "Accept only with conditions. Nothing shows that the model is worse here by more than what is borne, but not "
        "everything could be shown: see below, and write the conditions down before signing.",
        "Réceptionner sous conditions seulement. Rien ne montre que le modèle soit moins bon ici au-delà de ce qui est "
        "toléré, mais tout n'a pas pu être montré : voir plus bas, et écrire les conditions avant de signer.",
    ),
    "accept.advice.do_not_accept": (
        "Do not accept. On {n} of this site the model is worse than was stated of it.",
        "Ne pas réceptionner. Sur {n} de ce site, le modèle est moins bon que ce qui en était dit.",
    ),
    "accept.advice.too_few": (
        "Too few exams to say: {n}; {few} are the least.",
        "Trop peu d'examens pour conclure : {n} ; il en faut au moins {few}.",
    ),
    "accept.more": (
        "At least {n} more are needed for the promise.",
        "Il en faut au moins {n} de plus pour la promesse.",
    ),
    "accept.origin": ("Package of origin (untouched)", "Paquet d'origine (inchangé)"),
    "accept.local": ("Package of this site", "Paquet de ce site"),
    "accept.promise": ("Promise here", "Promesse ici"),
    "accept.promise.kept": (
        "Of the exams that are answered alone at most {alpha} are wrong, with confidence {confidence}; shown on {n} "
        "of this site.",
        "Parmi les examens auxquels il répond seul, au plus {alpha} sont faux, avec une confiance de {confidence} ; "
        "montré sur {n} de ce site.",
    ),
    "accept.promise.none": (
        "None: on the exams of this site no confidence kept it, so every exam goes to a reader.",
        "Aucune : sur les examens de ce site, aucun seuil ne la tient ; chaque examen va à un lecteur.",
    ),
    "accept.promise.unbound": (
        "None: the recipe names no bound for what is wrong.",
        "Aucune : la recette ne dit pas ce qui est faux.",
    ),
    "accept.numbers": ("As stated, as delivered, as commissioned", "Annoncé, livré, réceptionné"),
    "accept.numbers.help": (
        "Stated: on the card. Delivered: the package as it came, on the exams of this site. Commissioned: calibrated "
        "again here, each exam judged by what was fitted on the others. No worse: the loss is shown to be below "
        "{margin}.",
        "Annoncé : sur la fiche. Livré : le paquet tel quel, sur les examens de ce site. Réceptionné : recalibré ici, "
        "chaque examen jugé par ce qui a été ajusté sur les autres. Pas moins bon : la perte est démontrée inférieure "
        "à {margin}.",
    ),
    "accept.stated": ("stated", "annoncé"),
    "accept.delivered": ("delivered", "livré"),
    "accept.commissioned": ("commissioned", "réceptionné"),
    "accept.difference": ("delivered less stated", "livré moins annoncé"),
    "accept.verdict": ("verdict", "verdict"),
    "accept.verdict.as_stated": ("no worse", "pas moins bon"),
    "accept.verdict.not_shown_worse": ("not shown", "non démontré"),
    "accept.verdict.worse": ("worse", "moins bon"),
    "accept.verdict.unknown": ("not judged", "non jugé"),
    "accept.conduct": ("What it does with an exam", "Ce qu'il fait d'un examen"),
    "accept.pictures": ("What differs in the pictures", "Ce qui change dans les images"),
    "accept.pictures.help": (
        "How far the middle of each property of this site's pictures lies from that of the pictures that were learned "
        "from, in their spread; beyond 1 is a visible difference.",
        "De combien le milieu de chaque propriété des images de ce site s'écarte de celui des images d'apprentissage, "
        "en unités de leur dispersion ; au-delà de 1, la différence se voit.",
    ),
    "accept.pictures.moved": (
        "The gate of origin declines more of this site's exams than it should: these pictures differ from those that "
        "were learned from.",
        "Le filtre d'origine écarte plus d'examens de ce site qu'il ne devrait : ces images diffèrent de celles "
        "d'apprentissage.",
    ),
    "accept.pictures.same": (
        "The gate of origin declines no more of this site's exams than it should.",
        "Le filtre d'origine n'écarte pas plus d'examens de ce site qu'il ne devrait.",
    ),
    "accept.pictures.none": ("The package of origin has no gate.", "Le paquet d'origine n'a pas de filtre."),
    "accept.property": ("property", "propriété"),
    "accept.shift": ("shift", "écart"),
    "accept.property.brightness": ("brightness", "luminosité"),
    "accept.property.contrast": ("contrast", "contraste"),
    "accept.property.sharpness": ("sharpness", "netteté"),
    "accept.property.colour": ("colour", "couleur"),
    "accept.property.layout": ("layout", "composition"),
    "accept.property.size": ("size", "taille"),
    "accept.property.level": ("level", "niveau"),
    "accept.property.spread": ("spread", "dispersion"),
    "accept.property.shape": ("shape", "forme"),
    "accept.property.missing": ("gaps", "lacunes"),
    "accept.property.agreement": ("agreement with the mean signal", "accord avec le signal moyen"),
    "accept.sign": ("Signature", "Signature"),
    "accept.sign.help": (
        "The numbers above were measured; the decision is a person's.",
        "Les nombres ci-dessus ont été mesurés ; la décision est celle d'une personne.",
    ),
    "accept.sign.decision": (
        "☐ accepted  ☐ accepted with conditions  ☐ not accepted",
        "☐ réceptionné  ☐ réceptionné sous conditions  ☐ non réceptionné",
    ),
    "accept.sign.conditions": ("Conditions", "Conditions"),
    "accept.sign.name": ("Name and function", "Nom et fonction"),
    "accept.sign.date": ("Date and signature", "Date et signature"),
    "accept.excluded": ("Left out", "Écartés"),
}
