"""What the refer rule promises, what it rests on and what would change it, in English and French."""

from collections.abc import Mapping

REFER: Mapping[str, tuple[str, str]] = {
    "refer.holds": (
        "Of {n} on which it was calibrated it would have answered {reported} alone, from confidence {threshold} "
        "upwards, and {wrong} of these answers were wrong. From that follows, with confidence {confidence}: of exams "
        "like those, at most {alpha} of the ones it answers alone are wrong.",
        "Sur {n} de calibration, il aurait répondu seul à {reported}, à partir d'une confiance de {threshold}, dont "
        "{wrong} à tort. Il en découle, avec une confiance de {confidence} : parmi des examens semblables, au plus "
        "{alpha} de ceux auxquels il répond seul sont faux.",
    ),
    "refer.holds_priced": (
        "Of {n} on which it was calibrated it would have answered {reported} alone, from confidence {threshold} "
        "upwards; {wrong} of these answers were wrong and counted together as {cost} errors ({prices}). From that "
        "follows, with confidence {confidence}: of 100 exams like those which it answers alone, the errors, so "
        "counted, come to at most {hundred} on average.",
        "Sur {n} de calibration, il aurait répondu seul à {reported}, à partir d'une confiance de {threshold} ; "
        "{wrong} de ces réponses étaient fausses et comptaient ensemble pour {cost} erreurs ({prices}). Il en découle, "
        "avec une confiance de {confidence} : sur 100 examens semblables auxquels il répond seul, les erreurs ainsi "
        "comptées sont au plus {hundred} en moyenne.",
    ),
    "refer.too_few": (
        "Nothing is answered alone: {n} to calibrate on are too few. The promise takes at least {needed} answered "
        "without a single error.",
        "Aucune réponse seul : {n} de calibration sont trop peu. La promesse en exige au moins {needed} sans une seule "
        "erreur.",
    ),
    "refer.none": (
        "Nothing is answered alone: on {n} of calibration it was wrong too often, at every confidence, for the promise "
        "to be shown.",
        "Aucune réponse seul : sur {n} de calibration, il s'est trompé trop souvent, à toute confiance, pour que la "
        "promesse soit établie.",
    ),
    "refer.would_do": (
        "About {would_do} would do, if they fare as these did.",
        "Environ {would_do} suffiraient, s'ils se comportent comme ceux-ci.",
    ),
    "refer.hopeless": (
        "More like these would not change it: even where it is surest it errs too often, or too few are there to tell.",
        "Davantage de semblables n'y changerait rien : il se trompe trop souvent même là où il est le plus sûr, ou il "
        "y en a trop peu pour le dire.",
    ),
    "refer.approximate": (
        "The promise is approximate: it was calibrated on answers of sister networks, each of which had not seen the "
        "exam.",
        "La promesse est approchée : elle a été calibrée sur les réponses de réseaux frères, dont chacun n'avait pas "
        "vu l'examen.",
    ),
    "refer.only": (
        "It speaks of exams like those of the calibration. At another site, with another device or for other patients "
        "it may not hold: there the input gate is the only guard, and the promise must be made anew.",
        "Elle ne vaut que pour des examens semblables à ceux de la calibration. Ailleurs, avec un autre appareil ou "
        "d'autres patients, elle peut ne pas tenir : seul le contrôle à l'entrée protège alors, et la promesse est à "
        "refaire.",
    ),
    "refer.wrong_means": ("Wrong means: {error}.", "Faux signifie : {error}."),
    "refer.price": ("{kind} counts {price}", "{kind} compte {price}"),
    "refer.price_other": ("any other error 1", "toute autre erreur 1"),
    "refer.kind.missed": ("missed", "un cas manqué"),
    "refer.kind.false": ("false alarm", "une fausse alerte"),
    "refer.kind.low": ("too low", "trop bas"),
    "refer.kind.high": ("too high", "trop haut"),
    "refer.promise_priced": (
        "of 100 exams answered alone the errors, counted at their price ({prices}), come to at most {hundred} on "
        "average, with confidence {confidence}",
        "sur 100 examens répondus seuls, les erreurs, comptées à leur prix ({prices}), sont au plus {hundred} en "
        "moyenne, avec une confiance de {confidence}",
    ),
    "refer.chart": (
        "The more it answers alone, the more of it is wrong",
        "Plus il répond seul, plus il se trompe",
    ),
    "refer.chart.x": ("exams answered alone, %", "examens répondus seuls, %"),
    "refer.chart.y": ("wrong among them, %", "faux parmi ceux-ci, %"),
    "refer.chart.y_priced": ("errors at their price, per 100 of them", "erreurs à leur prix, pour 100 de ceux-ci"),
    "refer.chart.calibrated": ("calibration", "calibration"),
    "refer.chart.ceiling": ("surely below ({confidence})", "sûrement en dessous ({confidence})"),
    "refer.chart.measured": ("exams of this report", "examens de ce rapport"),
    "refer.chart.promise": ("promise", "promesse"),
    "refer.chart.chosen": ("chosen", "choisi"),
    "refer.chart.help": (
        "From left to right more exams are answered alone, the surest first. The upright line is where the rule stops; "
        "there the bound of the calibration exams must lie below the promise. The bound at each place stands by "
        "itself; the rule tests several, and pays for that.",
        "De gauche à droite, davantage d'examens sont répondus seuls, les plus sûrs d'abord. La ligne verticale est "
        "l'arrêt de la règle ; là, la borne de la calibration doit passer sous la promesse. La borne vaut à chaque "
        "endroit pour lui seul ; la règle en essaie plusieurs, et le paie.",
    ),
    "refer.chart.help_none": (
        "From left to right more exams are answered alone, the surest first. Only where the bound lies below the "
        "promise may they be; a bound that is not seen lies above the picture.",
        "De gauche à droite, davantage d'examens sont répondus seuls, les plus sûrs d'abord. Ils ne le peuvent que là "
        "où la borne passe sous la promesse ; une borne que l'on ne voit pas est au-dessus de l'image.",
    ),
    "report.refer_zero_priced": (
        "Left to itself it would answer {share} of the exams alone: every exam goes to a reader. The promise asked for "
        "was: errors at their price ({prices}) of at most {alpha} an exam, with confidence {confidence}; what it takes "
        'stands under "When it asks a reader".',
        "Livré à lui-même, il répondrait seul à {share} des examens : tous vont à un lecteur. La promesse demandée "
        "était : des erreurs à leur prix ({prices}) d'au plus {alpha} par examen, avec une confiance de {confidence} ; "
        "ce qu'elle exige se trouve sous « Quand il demande un lecteur ».",
    ),
    "report.refer_priced": (
        "Left to itself it would answer {share} of the exams alone and give the rest to a reader; of those answered "
        "alone, {error} were wrong, which counted at their price ({prices}) is {cost} an exam. The promise was: at "
        "most {alpha} an exam, with confidence {confidence}.",
        "Livré à lui-même, il répondrait seul à {share} des examens et confierait le reste à un lecteur ; de ceux "
        "auxquels il répond seul, {error} sont faux, soit, comptés à leur prix ({prices}), {cost} par examen. La "
        "promesse était : au plus {alpha} par examen, avec une confiance de {confidence}.",
    ),
}
