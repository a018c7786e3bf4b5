"""What is said of how well a model keeps its patients' privacy, in English and French."""

from collections.abc import Mapping

PRIVACY: Mapping[str, tuple[str, str]] = {
    "privacy.title": ("Privacy of the model", "Confidentialité du modèle"),
    "privacy.question": (
        "Can somebody who holds a patient's exam and its truth tell whether the model learned from it?",
        "Quelqu'un qui détient l'examen d'un patient et sa vérité peut-il dire si le modèle a appris de lui ?",
    ),
    "privacy.hidden": (
        "Not in this test: the attack did no better than chance, {auc} (0.5 is chance, 1 is certainty).",
        "Pas dans ce test : l'attaque n'a pas fait mieux que le hasard, {auc} (0,5 est le hasard, 1 la certitude).",
    ),
    "privacy.somewhat": (
        "Somewhat better than by chance: {auc} (0.5 is chance, 1 is certainty).",
        "Un peu mieux qu'au hasard : {auc} (0,5 est le hasard, 1 la certitude).",
    ),
    "privacy.betrayed": (
        "Often: {auc} (0.5 is chance, 1 is certainty). Treat the package as you treat the exams themselves: do not "
        "give it away.",
        "Souvent : {auc} (0,5 est le hasard, 1 la certitude). Traitez le paquet comme les examens eux-mêmes : ne le "
        "diffusez pas.",
    ),
    "privacy.caught": (
        "Where it may accuse 5 % of the others in error, it tells {caught} of those that were learned from.",
        "S'il peut accuser à tort 5 % des autres, il reconnaît {caught} de ceux dont le modèle a appris.",
    ),
    "privacy.unknown": (
        "Not measured: nothing was held out to compare with, or too few exams.",
        "Non mesuré : rien n'a été mis de côté pour comparer, ou trop peu d'examens.",
    ),
    "privacy.how": (
        "Likelihood-ratio attack (Carlini et al. 2022) on {members} of whom it learned and {others} others, each "
        "answer compared with those of {references} other networks of this study. A stronger attacker, with more "
        "networks, may do better. The package holds no training image.",
        "Attaque par rapport de vraisemblance (Carlini et al. 2022) sur {members} dont il a appris et {others} autres, "
        "chaque réponse étant comparée à celles de {references} autres réseaux de cette étude. Un attaquant plus fort, "
        "avec plus de réseaux, peut faire mieux. Le paquet ne contient aucune image d'apprentissage.",
    ),
    "privacy.x": ("others accused in error", "autres accusés à tort"),
    "privacy.y": ("learned from, and told", "appris, et reconnus"),
    "privacy.curve": ("How well the attack tells", "Ce que l'attaque reconnaît"),
}
