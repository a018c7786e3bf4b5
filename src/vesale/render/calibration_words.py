"""What is said of calibration and of the promises about sets, intervals, masks and pictures, in English and French."""

from collections.abc import Mapping

CALIBRATION: Mapping[str, tuple[str, str]] = {
    "calibration.answer": (
        "On average it said that it was {stated} sure, and it was right in {observed}: {verdict}.",
        "En moyenne il s'est dit sûr à {stated}, et il avait raison dans {observed} : {verdict}.",
    ),
    "calibration.name": (
        "On average it gave {stated}, and {observed} came true: {verdict}.",
        "En moyenne il a annoncé {stated}, et {observed} se sont vérifiés : {verdict}.",
    ),
    "calibration.pixel": (
        "It expected the structure on {stated} of the pixels, and {observed} bore it: {verdict}.",
        "Il attendait la structure sur {stated} des pixels, et {observed} la portaient : {verdict}.",
    ),
    "calibration.interval": (
        "Its intervals at {stated} held the truth in {observed}: {verdict}.",
        "Ses intervalles à {stated} contenaient la vérité dans {observed} : {verdict}.",
    ),
    "calibration.verdict.more": ("it promises more than it keeps", "il promet plus qu'il ne tient"),
    "calibration.verdict.less": ("it keeps more than it promises", "il tient plus qu'il ne promet"),
    "calibration.verdict.fits": (
        "no difference beyond chance on the whole",
        "aucune différence globale au-delà du hasard",
    ),
    "calibration.verdict.unknown": ("too few to say", "trop peu pour le dire"),
    "calibration.corrected": (
        "Before they are shown, the network's probabilities are corrected by {how}. Of {tried}, that was the simplest "
        "one whose error on subjects left out is within one standard error of the best (log loss {loss}; as the "
        "network states them, {bare}).",
        "Avant d'être montrées, les probabilités du réseau sont corrigées par {how}. Parmi {tried}, c'était la plus "
        "simple dont l'erreur sur les sujets laissés de côté est à moins d'une erreur type de la meilleure (perte "
        "logarithmique {loss} ; telles que le réseau les annonce, {bare}).",
    ),
    "calibration.corrected_few": (
        "Before they are shown, the network's probabilities are corrected by {how}; there were too few calibration "
        "subjects to choose among several ways.",
        "Avant d'être montrées, les probabilités du réseau sont corrigées par {how} ; il y avait trop peu de sujets de "
        "calibration pour choisir parmi plusieurs façons.",
    ),
    "calibration.how.none": ("no correction", "aucune correction"),
    "calibration.how.temperature": ("one temperature", "une température"),
    "calibration.how.platt": ("a sigmoid (Platt)", "une sigmoïde (Platt)"),
    "calibration.how.vector": ("a slope and an offset for each name", "une pente et un décalage par nom"),
    "calibration.how.isotonic": ("a rising curve (isotonic)", "une courbe croissante (isotone)"),
    "calibration.stated": ("Stated", "Annoncé"),
    "calibration.per_name": ("Name by name", "Nom par nom"),
    "calibration.groups": ("Group by group", "Groupe par groupe"),
    "calibration.too_few": ("{subjects}: too few to say", "{subjects} : trop peu pour le dire"),
    "calibration.promise": ("What is promised", "Ce qui est promis"),
    "calibration.level": ("level of the interval", "niveau de l'intervalle"),
    "calibration.held": ("share of truths it held", "part de vérités contenues"),
    "calibration.pixels": ("share of pixels that bore it", "part de pixels qui la portaient"),
    "promise.set.class_conditional": (
        "The set of names that cannot be ruled out holds the true name in at least {level} of exams, for each true "
        "name by itself",
        "L'ensemble des noms non exclus contient le vrai nom dans au moins {level} des examens, pour chaque vrai nom "
        "pris à part",
    ),
    "promise.set.pooled": (
        "The set of names that cannot be ruled out holds the true name in at least {level} of exams, for each true "
        "name by itself, but for {pooled}, which are too rare and are promised together",
        "L'ensemble des noms non exclus contient le vrai nom dans au moins {level} des examens, pour chaque vrai nom "
        "pris à part, sauf {pooled}, trop rares, pour lesquels la promesse est commune",
    ),
    "promise.set.marginal": (
        "The set of names that cannot be ruled out holds the true name in at least {level} of exams, all names "
        "together; for a name by itself nothing is promised",
        "L'ensemble des noms non exclus contient le vrai nom dans au moins {level} des examens, tous noms confondus ; "
        "pour un nom pris à part rien n'est promis",
    ),
    "promise.interval.plain": (
        "The interval around the number holds the truth in at least {level} of exams; it has one width for all exams",
        "L'intervalle autour du nombre contient la vérité dans au moins {level} des examens ; sa largeur est la même "
        "pour tous",
    ),
    "promise.interval.adaptive": (
        "The interval around the number holds the truth in at least {level} of exams; it is wider for exams that look "
        "harder",
        "L'intervalle autour du nombre contient la vérité dans au moins {level} des examens ; il est plus large pour "
        "les examens qui paraissent difficiles",
    ),
    "promise.mask.risk": (
        "A mask cut at the stated probability finds at least {level} of the structure",
        "Un masque coupé à la probabilité annoncée trouve au moins {level} de la structure",
    ),
    "promise.picture.risk": (
        "At least {level} of the picture's samples lie within their intervals",
        "Au moins {level} des échantillons de l'image sont dans leurs intervalles",
    ),
    "promise.average": (
        "{what}. This holds on average, over exams like those of the {n} of calibration{approximate}.",
        "{what}. Cela vaut en moyenne, pour des examens semblables à ceux des {n} de calibration{approximate}.",
    ),
    "promise.sure": (
        "{what}, on average over exams like those of the {n} of calibration; and this is so with confidence "
        "{confidence}{approximate}.",
        "{what}, en moyenne sur des examens semblables à ceux des {n} de calibration ; et il en est ainsi avec une "
        "confiance de {confidence}{approximate}.",
    ),
    "promise.approximate": (
        ", approximately: it was calibrated on answers of sister networks (cross-fitted)",
        ", approximativement : la calibration repose sur les réponses de réseaux frères (ajustement croisé)",
    ),
    "promise.too_few": (
        "Too few calibration exams for this promise ({n}); {needed} would do.",
        "Trop peu d'examens de calibration pour cette promesse ({n}) ; {needed} suffiraient.",
    ),
    "promise.never": (
        "No promise: even the widest mask would miss too much, whatever the number of calibration exams.",
        "Aucune promesse : même le masque le plus large manquerait trop, quel que soit le nombre d'examens de "
        "calibration.",
    ),
}
