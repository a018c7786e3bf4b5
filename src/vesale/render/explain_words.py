"""Every word that is said of an explanation, on its page, on its picture and in the terminal, in English and French."""

from collections.abc import Mapping

EXPLAIN: Mapping[str, tuple[str, str]] = {
    "explain.title": ("Reasons: {model}", "Raisons : {model}"),
    "explain.promise": (
        "A map shows where taking detail away would change this model's answer. It is no proof that the answer is "
        "right, and no finding of its own.",
        "Une carte montre où la perte de détail changerait la réponse de ce modèle. Elle ne prouve pas que la réponse "
        "est juste, et n'est pas un constat.",
    ),
    "explain.exams": ("Exams", "Examens"),
    "explain.for": ("speaks for {name}", "parle pour {name}"),
    "explain.against": ("speaks against {name}", "parle contre {name}"),
    "explain.raises": ("raises {name}", "élève {name}"),
    "explain.lowers": ("lowers {name}", "abaisse {name}"),
    "explain.strongest": ("strongest for", "le plus pour"),
    "explain.strongest_against": ("strongest against", "le plus contre"),
    "explain.line": (
        "{method}; white line: at least half of the strongest",
        "{method} ; ligne blanche : au moins la moitié du plus fort",
    ),
    "explain.log_odds": ("log-odds", "log-cotes"),
    "explain.method.integrated_gradients": ("integrated gradients", "gradients intégrés"),
    "explain.method.grad_cam": ("Grad-CAM", "Grad-CAM"),
    "explain.method.occlusion": ("occlusion", "occlusion"),
    "explain.help.integrated_gradients": (
        "How much each sample adds to the answer on the way from a blurred picture to the picture.",
        "Ce que chaque pixel ajoute à la réponse, de l'image floutée à l'image.",
    ),
    "explain.help.grad_cam": (
        "Where the network's last map of features speaks for the answer; coarse.",
        "Où la dernière carte du réseau parle pour la réponse ; grossier.",
    ),
    "explain.help.occlusion": (
        "What the answer loses when a window of the picture is blurred away.",
        "Ce que la réponse perd quand une fenêtre de l'image est floutée.",
    ),
    "explain.aim.class": (
        "What is explained: what speaks for {name} ({output}), in {unit}: {value} as it is, {faded} with all detail "
        "blurred away.",
        "Ce qui est expliqué : ce qui parle pour {name} ({output}), en {unit} : {value} telle quelle, {faded} une fois "
        "tout détail flouté.",
    ),
    "explain.aim.number": (
        "What is explained: what raises {output}{unit}: {value} as it is, {faded} with all detail blurred away.",
        "Ce qui est expliqué : ce qui élève {output}{unit} : {value} telle quelle, {faded} une fois tout détail "
        "flouté.",
    ),
    "explain.aim.region": (
        "What is explained: what makes {region} {name} ({output}), mean {unit} over {samples}: {value} as it is, "
        "{faded} with all detail blurred away.",
        "Ce qui est expliqué : ce qui fait de {region} {name} ({output}), {unit} en moyenne sur {samples} : {value} "
        "telle quelle, {faded} une fois tout détail flouté.",
    ),
    "explain.region.structure": ("the largest structure outlined", "la plus grande structure tracée"),
    "explain.region.box": ("the region given", "la région donnée"),
    "explain.region.mask": ("the mask given", "le masque donné"),
    "explain.passed": (
        "Checked: the answer depends on what this map shows, and the map depends on what the model learned.",
        "Vérifié : la réponse dépend de ce que montre cette carte, et la carte de ce que le modèle a appris.",
    ),
    "explain.failed": (
        "This map failed its check and must not be taken as a reason: {why}.",
        "Cette carte a échoué au contrôle et ne doit pas être prise pour une raison : {why}.",
    ),
    "explain.failed.deletion": (
        "taking away what it shows changes the answer no more than taking away any part at random",
        "retirer ce qu'elle montre ne change pas plus la réponse que retirer une partie au hasard",
    ),
    "explain.failed.insertion": (
        "giving back what it shows first brings the answer back no sooner than any order",
        "rendre d'abord ce qu'elle montre ne ramène pas la réponse plus tôt qu'un ordre au hasard",
    ),
    "explain.failed.randomised_weights": (
        "a network with shuffled weights gives a similar map",
        "un réseau aux poids mélangés donne une carte semblable",
    ),
    "explain.failed.not_tried": (
        "the weights could not be shuffled, so nothing shows that it depends on them",
        "les poids n'ont pu être mélangés, donc rien ne montre qu'elle en dépend",
    ),
    "explain.measure.deletion": ("taking away (deletion)", "retrait (deletion)"),
    "explain.measure.insertion": ("giving back (insertion)", "ajout (insertion)"),
    "explain.measure.randomised_weights": ("shuffled weights", "poids mélangés"),
    "explain.measure.help": (
        "Taking away and giving back: the gain over random order, as a share of all that the answer moves; above 0, "
        "interval included, is passed. Shuffled weights: rank correlation with the map; below {alike} is passed.",
        "Retrait et ajout : le gain sur un ordre au hasard, en part de tout ce que bouge la réponse ; au-dessus de 0, "
        "intervalle compris, c'est réussi. Poids mélangés : corrélation des rangs avec la carte ; sous {alike}, c'est "
        "réussi.",
    ),
    "explain.no_answer": ("Nothing is explained: {why}", "Rien n'est expliqué : {why}"),
    "explain.slices": ("Slices looked at: {n} of {total}.", "Coupes regardées : {n} sur {total}."),
    "explain.alt": ("Map by {method} over exam {exam}", "Carte par {method} sur l'examen {exam}"),
    "explain.files": ("The map as numbers", "La carte en chiffres"),
    "explain.offered": ("Where the model looked", "Où le modèle a regardé"),
    "explain.see": ("(the map all the same)", "(la carte malgré tout)"),
    "explain.like": ("Training exams like this one", "Examens d'apprentissage semblables"),
    "explain.like.line": (
        "{exam}: distance {distance}, nearer than the nearest neighbour of {nearer} of the training exams",
        "{exam} : distance {distance}, plus proche que le plus proche voisin de {nearer} des examens d'apprentissage",
    ),
    "explain.like.note": (
        "Alike to the network is not alike to a doctor: the distance is between its features.",
        "Semblable pour le réseau ne l'est pas pour un médecin : la distance est entre ses caractéristiques.",
    ),
    "explain.found.none": ("No {name} was outlined.", "Aucun {name} n'a été tracé."),
    "explain.found.one": ("{name}: one region{size}{place}", "{name} : une région{size}{place}"),
    "explain.found.many": (
        "{name}: {count} separate regions, the largest{size}{place}",
        "{name} : {count} régions séparées, la plus grande{size}{place}",
    ),
    "explain.found.size": (" {size}", " {size}"),
    "explain.found.size.one": (" of {size}", " de {size}"),
    "explain.found.place": (", {place} of the picture", ", {place} de l'image"),
    "explain.found.slice": (", in slice {first} of the volume", ", sur la coupe {first} du volume"),
    "explain.found.slices": (", in slices {first} to {last}", ", des coupes {first} à {last}"),
    "explain.found.share.one": ("; it holds {share} of the attribution", " ; elle porte {share} de l'attribution"),
    "explain.found.share.many": ("; they hold {share} of the attribution", " ; elles portent {share} de l'attribution"),
    "explain.place.upper.left": ("upper left", "en haut à gauche"),
    "explain.place.upper.centre": ("upper middle", "en haut au milieu"),
    "explain.place.upper.right": ("upper right", "en haut à droite"),
    "explain.place.middle.left": ("middle left", "à gauche au milieu"),
    "explain.place.middle.centre": ("centre", "au centre"),
    "explain.place.middle.right": ("middle right", "à droite au milieu"),
    "explain.place.lower.left": ("lower left", "en bas à gauche"),
    "explain.place.lower.centre": ("lower middle", "en bas au milieu"),
    "explain.place.lower.right": ("lower right", "en bas à droite"),
}
