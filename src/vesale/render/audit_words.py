"""Every sentence of an audit of groups, in English and French; what is said when is decided in audit_text.py."""

from collections.abc import Mapping
from typing import Literal

AUDIT_FORMS: Mapping[str, Literal["share", "index", "number"]] = {
    "share_referred": "share",
    "share_declined": "share",
    "calibration_gap": "share",
    "mean_error": "number",
    "equalised_odds": "share",
    "demographic_parity": "share",
    "ratio": "number",
}

AUDIT_METRICS: Mapping[str, tuple[str, str]] = {
    "share_referred": ("Sent to a reader", "Renvoyés à un lecteur"),
    "share_referred.help": (
        "Share of exams that the software leaves to a reader because it is not sure enough.",
        "Part des examens que le logiciel laisse à un lecteur faute de certitude.",
    ),
    "share_declined": ("Not answered", "Sans réponse"),
    "share_declined.help": (
        "Share of exams that the input gate turned away, or that failed.",
        "Part des examens refusés par le contrôle à l'entrée, ou en échec.",
    ),
    "calibration_gap": ("Stated less observed", "Annoncé moins observé"),
    "calibration_gap.help": (
        "Mean stated probability less how often it came true: above 0 the software claims too much, below too little.",
        "Probabilité annoncée moyenne moins fréquence observée : au-dessus de 0 le logiciel annonce trop, "
        "au-dessous trop peu.",
    ),
    "mean_error": ("Mean error, with its sign", "Erreur moyenne signée"),
    "mean_error.help": (
        "Mean of answer less truth: above 0 it answers too high, below 0 too low.",
        "Moyenne de la réponse moins la vérité : au-dessus de 0 il répond trop haut, au-dessous trop bas.",
    ),
    "equalised_odds": ("Equalised-odds gap", "Écart d'égalité des chances"),
    "equalised_odds.help": (
        "The larger of two gaps between any two groups: in sensitivity, and in false alarms; 0 is none.",
        "Le plus grand de deux écarts entre deux groupes : en sensibilité et en fausses alertes ; 0 : aucun.",
    ),
    "demographic_parity": ("Demographic-parity difference", "Différence de parité démographique"),
    "demographic_parity.help": (
        "How much more often one group gets a yes than another, whatever is true: the truth itself may differ.",
        "De combien un groupe reçoit plus souvent un oui qu'un autre, quelle que soit la vérité, qui peut différer.",
    ),
}

AUDIT: Mapping[str, tuple[str, str]] = {
    "audit.kind": ("Audit", "Audit"),
    "audit.title": ("{name}: does it work equally well for everyone?", "{name} : marche-t-il aussi bien pour tous ?"),
    "audit.short": ("In short", "En bref"),
    "audit.asked": ("What was compared", "Ce qui a été comparé"),
    "audit.asked.text": (
        "{exams} of {subjects}, by {by}: {main} comparisons of the main numbers, {further} further ones.",
        "{exams} de {subjects}, selon {by} : {main} comparaisons des nombres principaux, {further} autres.",
    ),
    "audit.asked.none": (
        "The table has no trait with two groups of at least {n} subjects: nothing could be compared.",
        "La table n'a aucun trait comptant deux groupes d'au moins {n} sujets : rien n'a pu être comparé.",
    ),
    "audit.answer": ("What was found", "Ce qui a été trouvé"),
    "audit.answer.gaps": (
        "{n} that matter, beyond what chance explains:",
        "{n} qui comptent, au-delà de ce que le hasard explique :",
    ),
    "audit.answer.none": (
        "No gap that matters was found beyond chance. That is not proof that there is none: see what this sample could "
        "have shown.",
        "Aucun écart qui compte n'a été trouvé au-delà du hasard. Ce n'est pas la preuve qu'il n'y en a pas : voir ce "
        "que cet échantillon aurait pu montrer.",
    ),
    "audit.could": ("What this sample could show", "Ce que cet échantillon pouvait montrer"),
    "audit.could.all": (
        "Every gap of the size asked about would have been found in four of five such samples.",
        "Tout écart de la taille demandée aurait été trouvé dans quatre échantillons de ce genre sur cinq.",
    ),
    "audit.read": (
        "A dot is the value, the bar the values that chance leaves plausible (95 % interval), the dashed line "
        "everyone's value. A filled diamond marks a gap that matters beyond chance.",
        "Le point est la valeur, la barre les valeurs que le hasard laisse plausibles (intervalle à 95 %), le trait "
        "pointillé la valeur de tous. Un losange plein marque un écart qui compte au-delà du hasard.",
    ),
    "audit.everyone": ("everyone", "tous"),
    "audit.rest": ("everyone else", "tous les autres"),
    "audit.by": ("By {by}", "Selon {by}"),
    "audit.whole": ("exam", "examen"),
    "audit.more": ("Every comparison by {by}", "Toutes les comparaisons selon {by}"),
    "audit.crossed": ("Traits crossed", "Traits croisés"),
    "audit.crossed.help": (
        "Groups of two traits at once. There are many and they are small: what is marked here is a reason to look, "
        "corrected apart from the main numbers.",
        "Groupes de deux traits à la fois. Ils sont nombreux et petits : ce qui est marqué ici est une raison de "
        "regarder, corrigée à part des nombres principaux.",
    ),
    "audit.crossed.none": (
        "No number of any crossed group differs from everyone else's beyond chance. {few} of {n} groups have fewer "
        "than {enough} subjects: too few to say.",
        "Aucun nombre d'un groupe croisé ne diffère de celui de tous les autres au-delà du hasard. {few} groupes sur "
        "{n} ont moins de {enough} sujets : trop peu pour conclure.",
    ),
    "audit.crossed.all": ("All crossed groups", "Tous les groupes croisés"),
    "audit.gaps": ("Largest gap between two groups", "Plus grand écart entre deux groupes"),
    "audit.gaps.help": (
        "A largest gap is never below zero and grows with the number of groups: beside it stands what chance alone "
        "stays below in 95 of 100 samples where the trait means nothing.",
        "Un plus grand écart n'est jamais négatif et croît avec le nombre de groupes : à côté figure ce que le hasard "
        "seul ne dépasse pas dans 95 échantillons sur 100 où le trait ne compte pas.",
    ),
    "audit.gaps.none": (
        "Not worked out: no yes or no is said here, or fewer than two groups have enough subjects with and without.",
        "Non calculé : aucun oui ou non n'est dit ici, ou moins de deux groupes ont assez de sujets avec et sans.",
    ),
    "audit.by_chance": ("By chance below", "Par hasard, sous"),
    "audit.groups": ("How the groups were made", "Comment les groupes ont été formés"),
    "audit.how": ("How it was worked out", "Comment cela a été calculé"),
    "audit.how.text": (
        "Each group is compared with everyone else whose trait is known; of two groups, the one with the other. Whole "
        "subjects are the units. Holm's correction is applied to all comparisons of the main numbers together, so that "
        "a model which is equally good for everyone raises any alarm among them in at most {alpha} of audits; to all "
        "further ones (other numbers, single classes, crossed traits) likewise, apart. A gap matters from {gap} of a "
        "share or index on ({share} of the mean error for errors in a unit). Fewer than {enough} subjects in a group, "
        "or behind a number, are too few to say.",
        "Chaque groupe est comparé à tous les autres dont le trait est connu ; de deux groupes, l'un à l'autre. Les "
        "unités sont des sujets entiers. La correction de Holm porte sur toutes les comparaisons des nombres "
        "principaux ensemble, de sorte qu'un modèle aussi bon pour tous ne déclenche une alerte parmi elles que dans "
        "{alpha} des audits au plus ; de même, à part, sur toutes les autres (autres nombres, classes seules, traits "
        "croisés). Un écart compte à partir de {gap} pour une part ou un indice ({share} de l'erreur moyenne pour les "
        "erreurs dans une unité). Moins de {enough} sujets dans un groupe, ou derrière un nombre : trop peu pour "
        "conclure.",
    ),
    "audit.difference": ("Difference", "Différence"),
    "audit.ratio": ("Ratio", "Rapport"),
    "audit.p": ("p", "p"),
    "audit.p_corrected": ("p, corrected", "p, corrigé"),
    "audit.detectable": ("Smallest gap it could show", "Plus petit écart visible"),
    "audit.compared": ("Compared", "Comparés"),
    "audit.points": ("points", "points"),
    "audit.same": ("nothing varies", "rien ne varie"),
    "audit.finding.gap": (
        "{number} is {direction} for {a} than for {b}: {va} against {vb}; difference {d}, {p} after Holm's correction "
        "for {m} comparisons. {test}.",
        "{number} : {direction} pour {a} que pour {b} : {va} contre {vb} ; différence {d}, {p} après correction de "
        "Holm pour {m} comparaisons. {test}.",
    ),
    "audit.higher": ("higher", "plus haut"),
    "audit.lower": ("lower", "plus bas"),
    "audit.worse": ("{a} is served worse", "{a} est moins bien servi"),
    "audit.small_gap": ("The gap is below what was called relevant ({gap})", "Écart sous le seuil retenu ({gap})"),
    "audit.finding.blind": (
        "By {by} this sample could not have shown every gap that matters. The hardest: {number}, {a} ({na}) against "
        "{b} ({nb}): a gap smaller than {limit} would have been missed in more than one of five such samples.",
        "Selon {by}, cet échantillon n'aurait pas montré tout écart qui compte. Le plus difficile : {number}, {a} "
        "({na}) contre {b} ({nb}) : un écart inférieur à {limit} aurait été manqué dans plus d'un échantillon sur "
        "cinq.",
    ),
    "audit.note.too_few": (
        "{by} {value}: {n} subjects, too few to say.",
        "{by} {value} : {n} sujets, trop peu pour conclure.",
    ),
    "audit.note.pooled": (
        "{by}: values of fewer than {n} subjects are taken together ({values}; {size} subjects).",
        "{by} : les valeurs de moins de {n} sujets sont réunies ({values} ; {size} sujets).",
    ),
    "audit.note.codes": (
        "{by}: the table holds numbers and no key to them; they are shown as they are, not named.",
        "{by} : la table contient des nombres sans clé ; ils sont montrés tels quels, sans nom.",
    ),
    "audit.note.bins": ("{by}: cut at {cuts}, as asked.", "{by} : coupé à {cuts}, comme demandé."),
    "audit.note.bins_chosen": (
        "{by}: cut at {cuts}, which parts the subjects of this cohort into about equal groups.",
        "{by} : coupé à {cuts}, ce qui partage les sujets de cette cohorte en groupes à peu près égaux.",
    ),
    "audit.note.no_value": (
        "{by}: not known for {n} exams, which stand in no group of it.",
        "{by} : non connu pour {n} examens, qui ne sont dans aucun de ses groupes.",
    ),
    "audit.note.both_sides": (
        "{by}: {n} subjects have exams in more than one group; in them the comparison is paired.",
        "{by} : {n} sujets ont des examens dans plus d'un groupe ; chez eux la comparaison est appariée.",
    ),
    "audit.group_note": (
        "too few to say: {n} subjects, {enough} are needed",
        "trop peu : {n} sujets, il en faut {enough}",
    ),
    "audit.few": ("too few to say ({n})", "trop peu pour conclure ({n})"),
    "audit.report": (
        "Every comparison, with its test and what this sample could have shown, is in audit.html.",
        "Chaque comparaison, avec son test et ce que cet échantillon aurait pu montrer, est dans audit.html.",
    ),
    "audit.gap_one": ("1 gap", "1 écart"),
    "audit.gap_many": ("{n} gaps", "{n} écarts"),
}
