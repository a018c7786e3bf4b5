"""Articles 10 to 15 of the EU AI Act as questions to a run: paragraph numbers, our own words, where answers lie."""

from .checklist import Checklist, Item

AI_ACT = Checklist(
    "ai_act",
    "EU AI Act 10-15",
    "Regulation (EU) 2024/1689 of the European Parliament and of the Council, articles 10 to 15, as published in OJ L, "
    "2024/1689, 12.7.2024",
    (
        Item(
            "10(2)(a)",
            ("Design choices about the data", "Choix de conception des données"),
            ("inputs", "names", "validate_mode"),
            ("why these data for this purpose", "pourquoi ces données pour ce but"),
        ),
        Item(
            "10(2)(b)",
            ("Collection and origin of the data", "Collecte et origine des données"),
            ("data", "citation", "cohort_digest"),
            (
                "how they were collected, and first for which purpose",
                "comment elles furent collectées, et d'abord pour quel but",
            ),
        ),
        Item(
            "10(2)(c)",
            ("Preparation: annotation, labels, cleaning", "Préparation : annotation, étiquettes, nettoyage"),
            ("findings", "allowed", "check_excluded", "look"),
            ("how labels were made", "comment les étiquettes furent faites"),
        ),
        Item(
            "10(2)(d)",
            ("Assumptions on what the data stand for", "Hypothèses sur ce que les données représentent"),
            ("names",),
            ("what each label is taken to mean", "ce que chaque étiquette est censée dire"),
        ),
        Item(
            "10(2)(e)",
            ("Availability, quantity, suitability", "Disponibilité, quantité, adéquation"),
            ("checked_subjects", "learned_subjects", "calibration_n", "tested_subjects"),
            ("whether that is enough and fits", "si c'est assez et adapté"),
        ),
        Item(
            "10(2)(f)",
            ("Examination for bias", "Examen des biais"),
            ("subgroups", "subgroup_notes", "audit_groups", "audit_tests", "audit_findings"),
            ("biases that you expect in your population", "les biais attendus dans votre population"),
        ),
        Item(
            "10(2)(g)",
            ("Measures against bias", "Mesures contre les biais"),
            ("balance",),
            ("what was done about the biases found", "ce qui fut fait contre les biais trouvés"),
        ),
        Item(
            "10(2)(h)",
            ("Gaps and shortcomings", "Lacunes"),
            ("limits", "warnings", "findings"),
            ("how they will be closed", "comment elles seront comblées"),
        ),
        Item(
            "10(3)",
            (
                "Relevant, representative, as free of errors and complete as possible",
                "Pertinentes, représentatives, aussi exactes et complètes que possible",
            ),
            ("findings", "by_subject", "checked_subjects"),
            ("why they represent those on whom it is used", "pourquoi elles représentent les personnes visées"),
        ),
        Item(
            "10(4)",
            ("Fit to place, context and behaviour of use", "Adaptées au lieu, au contexte et à l'usage"),
            ("acceptance", "acceptance_delivered", "acceptance_advice"),
            ("what is particular to your setting", "ce qui est propre à votre contexte"),
        ),
        Item(
            "11(1)",
            (
                "Technical documentation, before use and kept up to date",
                "Documentation technique, avant usage et à jour",
            ),
            ("version", "digest", "files", "command"),
            (
                "the documentation of Annex IV, of which this is a part",
                "la documentation de l'annexe IV, dont ceci est une partie",
            ),
        ),
        Item(
            "11(2)",
            ("One documentation with that of the product law", "Documentation unique avec celle du produit"),
            (),
            (
                "whether it is a medical device, and where its file is",
                "si c'est un dispositif médical, et où est son dossier",
            ),
        ),
        Item(
            "12(1)",
            ("Events are logged automatically", "Journal automatique des événements"),
            ("log_entries", "log_head"),
        ),
        Item(
            "12(2)(a)",
            ("Log shows situations of risk and changes", "Le journal montre risques et modifications"),
            ("log_entries",),
            (
                "who looks at referrals, refusals and failures in the log, how often",
                "qui regarde renvois, refus et échecs, à quel rythme",
            ),
        ),
        Item(
            "12(2)(b)",
            ("Log serves monitoring after release", "Le journal sert au suivi après mise en service"),
            ("log_entries",),
            ("the plan of monitoring", "le plan de suivi"),
        ),
        Item(
            "12(2)(c)",
            ("Log serves whoever runs it", "Le journal sert au déployeur"),
            ("log_entries",),
            ("how long it is kept, and where its anchor is", "durée de conservation, et lieu de son ancre"),
        ),
        Item(
            "13(1)",
            ("Clear enough to be understood and used rightly", "Assez clair pour un bon usage"),
            ("measures", "share_reported", "error_means"),
            ("how readers were shown to understand it", "comment la compréhension des lecteurs fut vérifiée"),
        ),
        Item("13(2)", ("Instructions for use", "Notice d'utilisation"), (), ("where they are", "où elle est")),
        Item("13(3)(a)", ("Who provides it", "Qui le fournit"), (), ("name and contact", "nom et contact")),
        Item(
            "13(3)(b)(i)",
            ("Intended purpose", "Destination"),
            ("intended_use",),
            ("the purpose in your own words, as signed", "la destination dans vos mots, signée"),
        ),
        Item(
            "13(3)(b)(ii)",
            (
                "Accuracy, robustness, security: levels and what alters them",
                "Exactitude, robustesse, sécurité : niveaux et facteurs",
            ),
            ("measures", "ece", "coverage", "error_reported", "limits"),
            ("tests of robustness and security", "essais de robustesse et de sécurité"),
        ),
        Item(
            "13(3)(b)(iii)",
            ("Circumstances that may lead to risk", "Circonstances à risque"),
            ("limits", "warnings"),
            ("foreseeable misuse in your setting", "mauvais usages prévisibles chez vous"),
        ),
        Item("13(3)(b)(iv)", ("Abilities to explain an output", "Capacités d'expliquer une sortie"), ("faithfulness",)),
        Item(
            "13(3)(b)(v)",
            ("Performance on groups of persons", "Performance par groupe de personnes"),
            ("subgroups", "subgroup_notes", "audit_groups"),
        ),
        Item(
            "13(3)(b)(vi)",
            ("What input must be; data used", "Exigences d'entrée ; données utilisées"),
            ("modalities", "inputs", "look", "gate_alarm", "learned_subjects", "tested_subjects"),
        ),
        Item(
            "13(3)(b)(vii)",
            ("How to interpret an output", "Comment interpréter une sortie"),
            ("error_means", "level", "refer_alpha", "refer_delta", "approximate"),
        ),
        Item(
            "13(3)(c)",
            ("Changes planned beforehand", "Changements prévus d'avance"),
            (),
            ("those foreseen, or none", "ceux prévus, ou aucun"),
        ),
        Item(
            "13(3)(d)",
            ("Measures of human oversight", "Mesures de contrôle humain"),
            ("share_reported", "refer_threshold"),
            ("who reads what is referred, and within what time", "qui lit les renvois, sous quel délai"),
        ),
        Item(
            "13(3)(e)",
            ("Resources, lifetime, maintenance", "Ressources, durée de vie, entretien"),
            ("machine", "memory", "reading_memory"),
            ("lifetime and care, with their intervals", "durée de vie et entretien, et leur rythme"),
        ),
        Item(
            "13(3)(f)",
            ("How logs are collected and read", "Collecte et lecture des journaux"),
            ("log_entries", "log_head"),
        ),
        Item(
            "14(1)",
            ("Can be overseen by people while in use", "Contrôlable par des personnes en usage"),
            ("share_reported", "refer_n"),
            ("who oversees", "qui contrôle"),
        ),
        Item(
            "14(2)",
            ("Oversight lessens risks to health and rights", "Le contrôle réduit les risques"),
            ("error_reported",),
            ("the risks, and how oversight meets each", "les risques, et la réponse à chacun"),
        ),
        Item(
            "14(3)",
            ("Measures built in, and left to the user", "Mesures intégrées, et laissées à l'utilisateur"),
            ("refer_alpha", "gate_alarm"),
            ("the measures on your side", "les mesures de votre côté"),
        ),
        Item(
            "14(4)(a)",
            (
                "Overseers know its abilities and limits, notice anomalies",
                "Les contrôleurs en connaissent capacités et limites",
            ),
            ("limits", "measures", "gate_n"),
            ("their training", "leur formation"),
        ),
        Item(
            "14(4)(b)",
            ("Overseers stay aware of automation bias", "Conscience du biais d'automatisation"),
            (),
            ("how it is countered", "comment il est contré"),
        ),
        Item(
            "14(4)(c)",
            ("Overseers interpret outputs rightly", "Interprétation correcte des sorties"),
            ("ece", "coverage", "error_means"),
            ("how that was tried with your readers", "comment cela fut éprouvé avec vos lecteurs"),
        ),
        Item(
            "14(4)(d)",
            ("Overseers may disregard or reverse an output", "Droit d'écarter ou d'inverser une sortie"),
            (),
            (
                "that a reader's word is final, and how it is recorded (`vesale log confirm`)",
                "que le lecteur a le dernier mot, et où c'est noté (`vesale log confirm`)",
            ),
        ),
        Item(
            "14(4)(e)",
            ("Overseers may stop it", "Droit de l'arrêter"),
            (),
            ("who stops it, and how", "qui l'arrête, et comment"),
        ),
        Item(
            "15(1)",
            (
                "Fitting accuracy, robustness, security over its life",
                "Exactitude, robustesse, sécurité tout au long de sa vie",
            ),
            ("measures", "ece"),
            ("how it is watched after release", "le suivi après mise en service"),
        ),
        Item(
            "15(3)",
            ("Accuracy and its metrics declared in the instructions", "Exactitude et mesures déclarées dans la notice"),
            ("measures", "per_class"),
            ("where the instructions say so", "où la notice le dit"),
        ),
        Item(
            "15(4)",
            ("Resilience to errors and faults; feedback loops", "Résilience aux erreurs ; boucles de rétroaction"),
            ("gate_alarm", "excluded", "refer_n"),
            ("backup plan; that it does not go on learning in use", "plan de secours ; qu'il n'apprend pas en usage"),
        ),
        Item(
            "15(5)",
            (
                "Resilience to attack: data, model, inputs, confidentiality",
                "Résilience aux attaques : données, modèle, entrées, confidentialité",
            ),
            ("files", "privacy", "privacy_told", "log_head"),
            ("access, backups, who may change what", "accès, sauvegardes, qui peut changer quoi"),
        ),
    ),
    (
        "10(1), a reference to 10(2)-(5); 10(5), as a later regulation (2026/1744) is reported to have moved it, which "
        "we could not check; 10(6), systems that do not learn; 11(3) and 15(2), duties of the Commission; 12(3) and "
        "14(5), remote biometric identification. The Act has been amended since: read the text in force.",
        "10(1), renvoi à 10(2)-(5) ; 10(5), qu'un règlement ultérieur (2026/1744) aurait déplacé, ce que nous n'avons "
        "pu vérifier ; 10(6), systèmes sans apprentissage ; 11(3) et 15(2), devoirs de la Commission ; 12(3) et 14(5), "
        "identification biométrique à distance. Le règlement a été modifié depuis : lire le texte en vigueur.",
    ),
)
