"""What is said of pictures that were answered: seen, decoded, and how far off they may be; in English and French."""

from collections.abc import Mapping

SEEN_LEADS: Mapping[str, tuple[str, str]] = {
    "lead.picture.pcc": (
        "its pictures correlate with the true ones by {shown} (0 is nothing, 1 the same)",
        "ses images corrèlent avec les vraies à {shown} (0 : rien, 1 : identiques)",
    ),
    "lead.picture.permutation_p": (
        "dealt out at random they would agree as well with p = {shown}",
        "distribuées au hasard, elles s'accorderaient autant avec p = {shown}",
    ),
}
SEEN_METRICS: Mapping[str, tuple[str, str]] = {
    "within_class": ("Identification within a class", "Identification au sein d'une classe"),
    "within_class.help": (
        "Shown the true picture and another of its class, how often the reconstruction is nearer to the true one: "
        "50 % is a coin, and says that only the class was decoded.",
        "Devant la vraie image et une autre de même classe, part des fois où la reconstruction est plus proche de la "
        "vraie : 50 % est pile ou face, et dit que seule la classe a été décodée.",
    ),
    "permutation_p": ("p by permutation", "p par permutation"),
    "permutation_p.help": (
        "How often the same pictures, dealt out at random, would agree as well with the true ones: small: no chance.",
        "Fréquence à laquelle les mêmes images, distribuées au hasard, s'accorderaient autant : petit exclut le "
        "hasard.",
    ),
    "inside": ("Samples inside their intervals", "Échantillons dans leurs intervalles"),
    "inside.help": (
        "Share of a picture's samples whose truth lies within the stated spread; the stated level or more is right.",
        "Part des échantillons dont la vérité est dans l'intervalle annoncé ; elle doit atteindre le niveau annoncé.",
    ),
}
SEEN: Mapping[str, tuple[str, str]] = {
    "seen.answer": (
        "a picture of {shape}; {level} of its samples lie within the spread beside it",
        "une image de {shape} ; {level} de ses échantillons sont dans l'écart indiqué à côté",
    ),
    "seen.answer_plain": (
        "a picture of {shape}; how far off it may be is not calibrated",
        "une image de {shape} ; son erreur possible n'est pas calibrée",
    ),
    "seen.truth": ("seen", "vu"),
    "seen.decoded": ("decoded", "décodé"),
    "seen.without": ("without the signal", "sans le signal"),
    "seen.spread": ("spread", "écart"),
    "seen.title": ("{exam}: seen, decoded, without the signal, spread", "{exam} : vu, décodé, sans le signal, écart"),
    "seen.caption": (
        "Correlation {pcc} with what was seen. Bright in the last panel is where the decoded picture may be far off: "
        "up to {most} of the range.",
        "Corrélation {pcc} avec ce qui a été vu. Clair dans le dernier panneau : l'image décodée peut se tromper, "
        "jusqu'à {most} de l'étendue.",
    ),
}
