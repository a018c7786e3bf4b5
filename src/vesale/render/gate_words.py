"""Every word of the gate that a user sees, in English and French; and the sentences of `trust/why.py` and
`trust/known.py`, which files keep in English, said in the language of a page."""

import re
from collections.abc import Mapping
from functools import cache

GATE: Mapping[str, tuple[str, str]] = {
    "gate.title": ("Which images it accepts", "Quelles images il accepte"),
    "gate.help": (
        "Each bar counts calibration exams by how far they look from the usual ones; what lies right of the line is "
        "declined.",
        "Chaque barre compte les examens de calibration selon leur distance à l'habituel ; ce qui est à droite de la "
        "ligne est écarté.",
    ),
    "gate.x": ("distance from the usual (standard deviations)", "distance à l'habituel (écarts types)"),
    "gate.y": ("calibration exams", "examens de calibration"),
    "gate.scores": ("calibration exams", "examens de calibration"),
    "gate.threshold": ("threshold", "seuil"),
    "gate.exam": ("this exam", "cet examen"),
    "gate.passed": ("like the training", "comme l'apprentissage"),
    "gate.failed": ("unlike the training", "différent de l'apprentissage"),
    "gate.where": (
        "Distance from the usual {score}, limit {threshold}; {share} of the calibration exams lie nearer.",
        "Distance à l'habituel {score}, limite {threshold} ; {share} des examens de calibration sont plus proches.",
    ),
    "gate.none": (
        "No gate: there were too few exams to know what is usual.",
        "Pas de contrôle : trop peu d'examens pour savoir ce qui est habituel.",
    ),
    "gate.rule.counted": (
        "Set so that {rate} of good exams are declined in error, by counting {n} calibration exams.",
        "Réglé pour que {rate} des bons examens soient écartés à tort, en comptant {n} examens de calibration.",
    ),
    "gate.rule.tail": (
        "Set so that {rate} of good exams are declined in error: an estimate, {n} calibration exams being few.",
        "Réglé pour que {rate} des bons examens soient écartés à tort ; {n} examens de calibration sont peu, c'est une "
        "estimation.",
    ),
    "gate.declined": (
        "Of the {exams} of this report it declined {declined}.",
        "Sur les {exams} de ce rapport, il en a écarté {declined}.",
    ),
    "gate.devices": ("Devices it learned from", "Appareils de l'apprentissage"),
    "gate.parts": ("Parts of the body", "Parties du corps"),
    "gate.sizes": ("Pixels a side", "Pixels de côté"),
    "gate.pixels": ("Pixel size", "Taille de pixel"),
    "gate.unstated": ("the files do not say", "les fichiers ne le disent pas"),
    "gate.new": ("New to the model", "Nouveau pour le modèle"),
}


def translated(message: str, language: str) -> str:
    """A sentence of the gate in the page's language; any other sentence as it is."""
    if language != "fr":
        return message
    for pattern, french in _patterns():
        found = pattern.fullmatch(message)
        if found is not None:
            return french.format(**{name: _HOW.get(value, value) for name, value in found.groupdict().items()})
    return message


@cache
def _patterns() -> tuple[tuple[re.Pattern[str], str], ...]:
    """English sentences, their gaps as groups, each with its French."""
    return tuple((_pattern(english), french) for english, french in SENTENCES)


def _pattern(english: str) -> re.Pattern[str]:
    parts = re.split(r"\{(\w+)\}", english)
    return re.compile("".join(re.escape(p) if i % 2 == 0 else f"(?P<{p}>.+?)" for i, p in enumerate(parts)))


SENTENCES: tuple[tuple[str, str], ...] = (
    (
        "The image is much {how} than the images of the training.",
        "L'image est bien {how} que celles de l'apprentissage.",
    ),
    ("The image is {how} than the images of the training.", "L'image est {how} que celles de l'apprentissage."),
    (
        "The signal is much {how} than the signals of the training.",
        "Le signal est bien {how} que ceux de l'apprentissage.",
    ),
    ("The signal is {how} than the signals of the training.", "Le signal est {how} que ceux de l'apprentissage."),
    (
        "The image is unlike the images of the training: above all, it is much {how}.",
        "L'image ne ressemble pas à celles de l'apprentissage : surtout, elle est bien {how}.",
    ),
    (
        "The image is unlike the images of the training: above all, it is {how}.",
        "L'image ne ressemble pas à celles de l'apprentissage : surtout, elle est {how}.",
    ),
    (
        "The signal is unlike the signals of the training: above all, it is much {how}.",
        "Le signal ne ressemble pas à ceux de l'apprentissage : surtout, il est bien {how}.",
    ),
    (
        "The signal is unlike the signals of the training: above all, it is {how}.",
        "Le signal ne ressemble pas à ceux de l'apprentissage : surtout, il est {how}.",
    ),
    (
        "The colours of the image (stain, tint, light) are unlike those of the training's images.",
        "Les couleurs de l'image (coloration, teinte, lumière) ne sont pas celles des images d'apprentissage.",
    ),
    (
        "The layout of the image (field, frame, position) is unlike that of the training's images.",
        "La composition de l'image (champ, cadre, position) n'est pas celle des images d'apprentissage.",
    ),
    (
        "The level of the signal is unlike that of the training's signals.",
        "Le niveau du signal n'est pas celui des signaux d'apprentissage.",
    ),
    (
        "The distribution of the signal's values is unlike that of the training's signals.",
        "La répartition des valeurs du signal n'est pas celle des signaux d'apprentissage.",
    ),
    (
        "The signal does not follow the pattern of the training's signals.",
        "Le signal ne suit pas le motif des signaux d'apprentissage.",
    ),
    ("The image is unlike the images of the training.", "L'image ne ressemble pas à celles de l'apprentissage."),
    ("The signal is unlike the signals of the training.", "Le signal ne ressemble pas à ceux de l'apprentissage."),
    (
        "What the network sees in the image is unlike what it saw in the images of the training.",
        "Ce que le réseau voit dans l'image ne ressemble pas à ce qu'il a vu dans celles de l'apprentissage.",
    ),
    (
        "What the network sees in the signal is unlike what it saw in the signals of the training.",
        "Ce que le réseau voit dans le signal ne ressemble pas à ce qu'il a vu dans ceux de l'apprentissage.",
    ),
    (
        "It would be called {said}, but looks unlike the training images of that name: {rest}",
        "Elle serait appelée {said}, mais ne ressemble pas aux images de ce nom dans l'apprentissage.",
    ),
    (
        "The file says that it shows {found}; the training exams show {wanted}.",
        "Le fichier dit montrer {found} ; les examens d'apprentissage montrent {wanted}.",
    ),
    ("The file says {found}; this model reads {wanted}.", "Le fichier dit {found} ; ce modèle lit {wanted}."),
    (
        "It was made with a device that no training exam names.",
        "L'examen vient d'un appareil qu'aucun examen d'apprentissage ne nomme.",
    ),
    (
        "Its file names no device; those of the training do.",
        "Son fichier ne nomme pas d'appareil ; ceux de l'apprentissage en nomment un.",
    ),
    (
        "Its tube voltage of {value} kV is outside of the training's, {low} to {high} kV.",
        "Sa tension de {value} kV sort de celles de l'apprentissage, {low} à {high} kV.",
    ),
    (
        "Its field of {value} T is outside of the training's, {low} to {high} T.",
        "Son champ de {value} T sort de ceux de l'apprentissage, {low} à {high} T.",
    ),
    (
        "Its pixels of {value} mm are outside of the training's, {low} to {high} mm.",
        "Ses pixels de {value} mm sortent de ceux de l'apprentissage, {low} à {high} mm.",
    ),
    (
        "It has {value} pixels a side (root of their number); the training's have {low} to {high}.",
        "Il a {value} pixels de côté (racine de leur nombre) ; ceux de l'apprentissage en ont {low} à {high}.",
    ),
)
"""English as the files have it, French as a page says it; a gap keeps what stands in it, but for the words of _HOW."""
_HOW: Mapping[str, str] = {
    "darker": "plus sombre",
    "brighter": "plus claire",
    "flatter": "moins contrastée",
    "harsher": "plus contrastée",
    "more blurred": "plus floue",
    "grainier": "plus bruitée",
    "smaller": "plus petite",
    "larger": "plus grande",
    "weaker": "plus faible",
    "stronger": "plus fort",
    "more complete": "plus complet",
    "less complete": "moins complet",
}
