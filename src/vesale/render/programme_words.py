"""Every sentence of a programme's pages, in English and French; what a programme itself names is in its TOML."""

from collections.abc import Mapping

from ..core.screened import Why
from .gate_words import translated

PROGRAMME: Mapping[str, tuple[str, str]] = {
    "programme.why.never_trained": (
        "never trained here: no package for this finding exists, so nothing is said about it",
        "jamais appris ici : aucun modèle n'existe pour ce signe, donc rien n'en est dit",
    ),
    "programme.why.condition": ("not run: {step} is not {wanted}", "non exécuté : {step} n'est pas {wanted}"),
    "programme.why.unless": ("not run: {step} is {wanted}", "non exécuté : {step} est {wanted}"),
    "programme.why.no_answer": ("not run: {step} gave no answer", "non exécuté : {step} n'a pas répondu"),
    "programme.why.nothing_outlined": (
        "not measured: what it is measured on was not outlined",
        "non mesuré : ce sur quoi on mesure n'a pas été délimité",
    ),
    "programme.why.no_package": (
        "not run: no package called {model} is at hand",
        "non exécuté : aucun modèle nommé {model} n'est disponible",
    ),
    "programme.why.declined": ("declined: {message}", "refusé : {message}"),
    "programme.why.failed": ("failed: {message}", "échec : {message}"),
    "programme.why.referred": ("no answer: {message}", "pas de réponse : {message}"),
    "programme.note.passed_over": (
        "{step} did not judge this photograph, and it was read without: {message}",
        "{step} n'a pas jugé cette photographie ; elle a été lue sans : {message}",
    ),
    "programme.note.no_disc": (
        "No optic disc was found: no side, no fovea.",
        "Aucun disque optique trouvé : ni côté, ni fovéa.",
    ),
    "programme.note.no_disc_margin": (
        "No optic disc was found: its margin was not measured.",
        "Aucun disque optique trouvé : son bord n'a pas été mesuré.",
    ),
    "programme.note.no_margin": (
        "Too little of the disc's margin shows a step in brightness: its sharpness was not measured.",
        "Le bord du disque montre trop peu de saut de clarté : sa netteté n'a pas été mesurée.",
    ),
    "programme.note.other_side": (
        "The table says {said}, but the disc lies as in a {seen}: check whose photograph this is.",
        "La table dit « {said} », mais le disque est placé comme dans un {seen} : vérifier de qui elle est.",
    ),
    "programme.note.centred": (
        "The disc is in the middle of the field: the side of the eye cannot be told from it.",
        "Le disque est au milieu du champ : il ne dit pas de quel œil il s'agit.",
    ),
    "programme.note.side_told": (
        "The table does not say which eye this is; {seen} was told from where the disc lies.",
        "La table ne dit pas de quel œil il s'agit ; « {seen} » est déduit de la place du disque.",
    ),
    "programme.note.unknown_side": (
        "The table's side of the eye is in no spelling that is known; it was not used.",
        "Le côté inscrit dans la table n'est dans aucune orthographe connue ; il n'a pas été utilisé.",
    ),
    "programme.note.one_file": (
        "The file came by itself, so it was taken for the only photograph of its patient.",
        "Le fichier est venu seul : il a été pris pour l'unique photographie de son patient.",
    ),
    "programme.note.bad_fact": (
        "{fact}: what the table says is no possible value; it was taken as missing.",
        "{fact} : la valeur de la table est impossible ; elle a été prise pour manquante.",
    ),
    "programme.cause.finding": ("{because} ({eye})", "{because} ({eye})"),
    "programme.cause.ungradable": ("no usable photograph: {eye}", "pas de photographie utilisable : {eye}"),
    "programme.cause.incomplete": ("not photographed: {side}", "non photographié : {side}"),
    "programme.cause.unreadable": ("no photograph could be read: {message}", "aucune photographie lisible : {message}"),
    "programme.cause.step_declined": ("{step} declined: {message}", "{step} a refusé : {message}"),
    "programme.cause.step_failed": ("{step} failed: {message}", "{step} a échoué : {message}"),
    "programme.cause.step_referred": ("{step} is not sure: {message}", "{step} n'est pas sûr : {message}"),
    "programme.cause.not_calibrated": (
        "no promise: the programme was not calibrated on labelled patients",
        "pas de promesse : le programme n'a pas été calibré sur des patients annotés",
    ),
    "programme.cause.other_packages": (
        "no promise: it was calibrated with other packages ({steps})",
        "pas de promesse : il a été calibré avec d'autres modèles ({steps})",
    ),
    "programme.cause.no_threshold": (
        "no promise could be kept on the {n} calibration patients",
        "aucune promesse n'a pu être tenue sur les {n} patients de calibration",
    ),
    "programme.cause.unheard": (
        "not known of this patient, but of every calibration patient: {names}",
        "inconnu pour ce patient, connu pour tous ceux de la calibration : {names}",
    ),
    "programme.cause.risk": (
        "the risk is too high to set the patient aside",
        "le risque est trop élevé pour mettre le patient de côté",
    ),
    "programme.decision.refer": ("To a doctor", "À un médecin"),
    "programme.decision.no_refer": ("Set aside", "Mis de côté"),
    "programme.decision.none": ("Not read", "Non lu"),
    "programme.place.urgent": ("urgent", "urgent"),
    "programme.place.soon": ("soon", "bientôt"),
    "programme.place.routine": ("routine", "courant"),
    "programme.place.retake": ("photograph again", "à refaire"),
    "programme.place.unsure": ("not sure", "incertain"),
    "programme.place.none": ("set aside", "mis de côté"),
    "programme.sentence.no_refer": (
        "Nothing seen calls for a doctor: the risk is {risk}, below {limit}; of patients set aside so, {promise}.",
        "Rien de ce qui est vu n'appelle un médecin : le risque est de {risk}, sous {limit} ; parmi les patients ainsi "
        "mis de côté, {promise}.",
    ),
    "programme.sentence.refer": ("To a doctor: {causes}.", "À un médecin : {causes}."),
    "programme.sentence.again": (
        "To a doctor, photographs to take again: {causes}.",
        "À un médecin, à refaire : {causes}.",
    ),
    "programme.sentence.unsure": (
        "To a doctor, though no rule is met: {causes}.",
        "À un médecin, bien qu'aucune règle ne soit remplie : {causes}.",
    ),
    "programme.sentence.failed": ("Not read: {causes}.", "Non lu : {causes}."),
    "programme.promise.set_aside": (
        "at most {alpha} are referable, with confidence {confidence}",
        "au plus {alpha} relèvent d'un médecin, avec une confiance de {confidence}",
    ),
    "programme.promise.missed": (
        "they are at most {alpha} of the referable ones, with confidence {confidence}",
        "ils sont au plus {alpha} de ceux qui relèvent d'un médecin, avec une confiance de {confidence}",
    ),
    "programme.promise.title": ("Promise", "Promesse"),
    "programme.promise.none": (
        "None. Nobody is set aside: every patient goes to a doctor.",
        "Aucune. Personne n'est mis de côté : chaque patient va à un médecin.",
    ),
    "programme.promise.on": (
        "Calibrated on {n} labelled patients{approximate}. It holds for patients like those.",
        "Calibrée sur {n} patients annotés{approximate}. Elle vaut pour des patients comme ceux-là.",
    ),
    "programme.promise.approximate": (", approximately (cross-fitted)", ", approximativement (validation croisée)"),
    "programme.risk": ("Risk", "Risque"),
    "programme.risk.of": (
        "{risk} that the patient is referable; set aside below {limit}",
        "{risk} que le patient relève d'un médecin ; mis de côté sous {limit}",
    ),
    "programme.risk.no_limit": (
        "{risk} that the patient is referable; no limit, nobody is set aside",
        "{risk} que le patient relève d'un médecin ; pas de limite, personne n'est mis de côté",
    ),
    "programme.risk.score": (
        "not calibrated; the worst photograph's own score is {score}",
        "non calibré ; le score de la pire photographie est {score}",
    ),
    "programme.risk.unknown": ("not known", "inconnu"),
    "programme.facts": ("Facts of the table", "Données de la table"),
    "programme.missing": ("not known, taken into account as missing", "inconnus, pris en compte comme manquants"),
    "programme.facts.none": ("none given", "aucune"),
    "programme.why": ("Why", "Pourquoi"),
    "programme.asks": ("Looked for", "Recherché"),
    "programme.eyes": ("Photographs", "Photographies"),
    "programme.unknown_eye": ("side not known", "côté inconnu"),
    "programme.told": ("told from the disc", "déduit du disque"),
    "programme.unusable": ("Not usable", "Non utilisable"),
    "programme.set": ("cannot be ruled out", "ne peut être exclu"),
    "programme.set.level": ("{set} at {level}", "{set} à {level}"),
    "programme.no_set": ("no set: the package was not calibrated for it", "pas d'ensemble : modèle non calibré"),
    "programme.grade": ("{step}: {title}", "{step} : {title}"),
    "programme.finding": ("Outlined", "Délimité"),
    "programme.count": ("Count", "Nombre"),
    "programme.area": ("Of the picture (‰)", "De l'image (‰)"),
    "programme.mark": ("Mark", "Repère"),
    "programme.none_found": ("none", "aucun"),
    "programme.measured": ("Measured", "Mesuré"),
    "programme.steps": ("What was done", "Ce qui a été fait"),
    "programme.step": ("Step", "Étape"),
    "programme.package": ("Package", "Modèle"),
    "programme.outcome": ("Outcome", "Résultat"),
    "programme.done": ("done", "fait"),
    "programme.notes": ("Remarks", "Remarques"),
    "programme.worklist": ("Worklist", "Liste de travail"),
    "programme.patient": ("Patient", "Patient"),
    "programme.decision": ("Decision", "Décision"),
    "programme.place": ("Order", "Ordre"),
    "programme.counts": (
        "{patients}: {aside} set aside, {refer} to a doctor, {failed} not read.",
        "{patients} : {aside} mis de côté, {refer} à un médecin, {failed} non lus.",
    ),
    "programme.alt": (
        "Photograph {exam}, with what was found drawn on it",
        "Photographie {exam}, avec ce qui a été trouvé",
    ),
    "programme.outlines": ("show what was found", "montrer ce qui a été trouvé"),
    "programme.plain": ("Photograph {exam}, nothing drawn on it", "Photographie {exam}, sans tracé"),
    "programme.about": ("The programme and the run", "Le programme et l'exécution"),
    "programme.all": ("all details (JSON)", "tous les détails (JSON)"),
    "programme.back": ("Worklist", "Liste de travail"),
    "programme.region.samples": ("{n} samples", "{n} échantillons"),
    "programme.also": ("on other scales", "sur d'autres échelles"),
    "programme.or": ("or", "ou"),
    "programme.packages": ("Packages", "Modèles"),
}
NUMBERS: Mapping[str, tuple[str, str]] = {
    "disc_diameter": ("disc diameter (samples)", "diamètre du disque (échantillons)"),
    "margin_spread": (
        "spread of that width around the disc (quartiles)",
        "dispersion de cette largeur autour du disque (quartiles)",
    ),
    "exudate_distance": (
        "nearest hard exudate to the fovea (disc diameters)",
        "exsudat dur le plus proche de la fovéa (diamètres papillaires)",
    ),
    "edema_measured": ("edema risk as measured on the exudates (0-2)", "risque d'œdème mesuré sur les exsudats (0-2)"),
    "margin_width": (
        "width of the disc's margin (disc diameters; small is sharp)",
        "largeur du bord du disque (diamètres papillaires ; petit = net)",
    ),
}
"""Measured number -> its name for people; of others their own name is shown."""
FACTS: Mapping[str, tuple[str, str]] = {
    "field": ("centre of the field", "centre du champ"),
    "side": ("side", "côté"),
    "right": ("right eye", "œil droit"),
    "left": ("left eye", "œil gauche"),
    "disc": ("optic disc", "disque optique"),
    "macula": ("macula", "macula"),
    "fovea": ("fovea (estimated from the disc)", "fovéa (estimée d'après le disque)"),
    "MA": ("microaneurysms", "microanévrismes"),
    "HE": ("haemorrhages", "hémorragies"),
    "EX": ("hard exudates", "exsudats durs"),
    "SE": ("soft exudates", "exsudats mous"),
    "OD": ("optic disc", "disque optique"),
    "cup": ("cup", "excavation"),
    "vessel": ("vessels", "vaisseaux"),
}
"""Word of a package or measurement -> its name for people; others are shown as they are."""


def why_text(why: Why, language: str) -> str:
    """The sentence in that language."""
    column = 0 if language == "en" else 1
    values = {k: value_text(k, v, language) for k, v in why.values.items()}
    return PROGRAMME[why.key][column].format(**values)


def worded(table: Mapping[str, tuple[str, str]], name: str, language: str) -> str:
    """A name of that table in words; itself where the table has none."""
    return table[name][0 if language == "en" else 1] if name in table else name.replace("_", " ")


def value_text(name: str, value: str | Mapping[str, str], language: str) -> str:
    """Words in the language; sentences of the gate and sides of the body are kept in English in files."""
    if not isinstance(value, str):
        return _of(value, language)
    if name == "message":
        return "; ".join(translated(part, language) for part in value.split("; "))
    return worded(FACTS, value, language) if value in ("right", "left") else value


def _of(words: Mapping[str, str], language: str) -> str:
    return words.get(language) or words.get("en") or next(iter(words.values()), "")
