"""What is said of a watch over a stream of readings, in English and French."""

from collections.abc import Mapping

DRIFT: Mapping[str, tuple[str, str]] = {
    "drift.kind": ("Watch over the readings", "Surveillance des lectures"),
    "drift.title": ("Have the exams changed?", "Les examens ont-ils changé ?"),
    "drift.quiet": (
        "No sign of it in {readings}: they are like the reference ({reference}).",
        "Aucun signe sur {readings} : elles ressemblent à la référence ({reference}).",
    ),
    "drift.rung": (
        "Yes: the alarm rang at reading {at}. What moved most is “{what}”: it has {way}, from about reading {since} "
        "on.",
        "Oui : l'alarme a sonné à la lecture {at}. Ce qui a le plus bougé est « {what} » : en {way}, à partir de la "
        "lecture {since} environ.",
    ),
    "drift.higher": ("risen", "hausse"),
    "drift.lower": ("fallen", "baisse"),
    "drift.do": (
        "Look at the exams from there on: another device, another protocol, other patients? Calibrate again on exams "
        "with their truth (commission) before relying on the answers.",
        "Regarder les examens à partir de là : autre appareil, autre protocole, autres patients ? Recalibrer sur des "
        "examens dont la vérité est connue avant de se fier aux réponses.",
    ),
    "drift.promise": (
        "While nothing changes, at least {every} readings pass between two false alarms, on average.",
        "Tant que rien ne change, au moins {every} lectures passent entre deux fausses alertes, en moyenne.",
    ),
    "drift.evidence": ("Evidence of a change", "Indices d'un changement"),
    "drift.reading": ("reading", "lecture"),
    "drift.limit": ("alarm", "alarme"),
    "drift.logarithm": ("evidence (power of ten)", "indices (puissance de dix)"),
    "drift.changes": ("What differs from the reference", "Ce qui diffère de la référence"),
    "drift.quantity": ("quantity", "grandeur"),
    "drift.before": ("reference, median", "référence, médiane"),
    "drift.after": ("readings, median", "lectures, médiane"),
    "drift.p": ("p, corrected", "p, corrigé"),
}
