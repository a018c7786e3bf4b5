"""Every sentence of the dossier and of the log on a page, in English and French; the items of the lists are apart."""

from collections.abc import Mapping

EVIDENCE: Mapping[str, tuple[str, str]] = {
    "log.unlogged": ("Not in the log", "Absent du journal"),
    "log.unlogged.text": (
        "{missed} readings of this run are not in the log of readings: {why}",
        "{missed} lectures de cette exécution ne sont pas dans le journal des lectures : {why}",
    ),
    "dossier.title": ("Evidence dossier: {model}", "Dossier de preuves : {model}"),
    "dossier.worksheet": (
        "A worksheet, no certificate: it gathers what was measured and lists what is still open. It claims no "
        "conformity with any guideline or law; that is for the people who sign to judge, with the original texts.",
        "Un document de travail, pas un certificat : il réunit ce qui a été mesuré et dresse ce qui reste ouvert. Il "
        "n'affirme la conformité à aucun guide ni à aucune loi ; aux signataires d'en juger, textes originaux en main.",
    ),
    "dossier.paraphrase": (
        "Item numbers are those of the sources named; the wording is ours and shortened.",
        "Les numéros sont ceux des sources citées ; la formulation est la nôtre, abrégée.",
    ),
    "dossier.passed": ("{passed} of {explained}", "{passed} sur {explained}"),
    "dossier.pdf": ("PDF", "PDF"),
    "dossier.other": ("en français", "in English"),
    "dossier.counts": ("What is answered", "Ce qui est répondu"),
    "dossier.list": ("List", "Liste"),
    "dossier.items": ("items", "points"),
    "dossier.status.measured": ("answered by measurement", "répondu par mesure"),
    "dossier.status.user": ("answered by you", "répondu par vous"),
    "dossier.status.part": ("measured in part, rest open", "mesuré en partie, reste ouvert"),
    "dossier.status.open": ("unanswered", "sans réponse"),
    "dossier.total": ("all", "total"),
    "dossier.open_help": (
        "Open are the last two columns. Write your answers in dossier/answers.toml under the keys shown; the next "
        "`vesale dossier RUN` or `vesale study` takes them up.",
        "Les deux dernières colonnes restent ouvertes. Écrivez vos réponses dans dossier/answers.toml sous les clés "
        "indiquées ; le prochain `vesale dossier RUN` ou `vesale study` les reprend.",
    ),
    "dossier.card": ("Model card", "Fiche du modèle"),
    "dossier.numbers": ("What was measured", "Ce qui a été mesuré"),
    "dossier.numbers_help": (
        "Each number with its interval and the number of subjects it rests on, and the file that holds it.",
        "Chaque nombre avec son intervalle, le nombre de sujets sur lequel il repose et le fichier qui le contient.",
    ),
    "dossier.pointer": ("file and key", "fichier et clé"),
    "dossier.item": ("item", "point"),
    "dossier.subject": ("what is asked", "ce qui est demandé"),
    "dossier.found": ("what the files say", "ce que disent les fichiers"),
    "dossier.write": ("Still to be written: {ask}", "Reste à écrire : {ask}"),
    "dossier.key": ("key in answers.toml: {place}", "clé dans answers.toml : {place}"),
    "dossier.answer": ("Your answer: {text}", "Votre réponse : {text}"),
    "dossier.left_out": ("Left out: {text}", "Laissé de côté : {text}"),
    "dossier.files": ("Files that this rests on", "Fichiers sur lesquels ceci repose"),
    "dossier.files_help": (
        "Paths are relative to the run. A changed file has another digest; events and log go on growing, so they have "
        "none here.",
        "Chemins relatifs à l'exécution. Un fichier modifié a une autre empreinte ; les événements et le journal "
        "s'allongent encore et n'en ont pas ici.",
    ),
    "dossier.file": ("file", "fichier"),
    "dossier.sha256": ("SHA-256", "SHA-256"),
    "dossier.absent": ("Not there when this was written: {files}", "Absents à l'écriture : {files}"),
    "dossier.page": ("page {page}", "page {page}"),
    "dossier.more": ("and {n} more in the file", "et {n} autres dans le fichier"),
}
