"""CLAIM, the 2024 update, as questions to a run: its 44 item numbers, our own short words, and where answers lie."""

from .checklist import Checklist, Item

CLAIM = Checklist(
    "claim",
    "CLAIM 2024",
    "Checklist for Artificial Intelligence in Medical Imaging (CLAIM): 2024 Update. Tejani AS, Klontzas ME, Gatti AA, "
    "Mongan JT, Moy L, Park SH, Kahn CE Jr. Radiology: Artificial Intelligence 2024;6(4):e240300",
    (
        Item(
            "1",
            ("Said to be AI, and of which kind", "Dit être de l'IA, et de quel type"),
            ("outputs", "net"),
            ("the title or abstract of your report that says so", "le titre ou le résumé de votre rapport qui le dit"),
        ),
        Item(
            "2",
            (
                "Summary of design, methods, results, conclusions",
                "Résumé du plan, des méthodes, résultats, conclusions",
            ),
            (),
            ("the abstract", "le résumé"),
        ),
        Item(
            "3",
            ("Background, intended use and role", "Contexte, usage prévu et rôle"),
            ("intended_use",),
            (
                "the clinical background, current practice and the place of the software in it",
                "le contexte clinique, la pratique actuelle et la place du logiciel",
            ),
        ),
        Item(
            "4",
            ("Aims and hypotheses", "Objectifs et hypothèses"),
            (),
            ("what was to be shown, fixed before the results", "ce qui devait être montré, fixé avant les résultats"),
        ),
        Item(
            "5",
            ("Prospective or retrospective", "Prospective ou rétrospective"),
            (),
            ("which of the two", "laquelle des deux"),
        ),
        Item(
            "6",
            ("Goal of the study", "But de l'étude"),
            ("outputs", "names"),
            ("feasibility, model making, validation, ...", "faisabilité, création, validation..."),
        ),
        Item(
            "7",
            ("Sources of the data", "Sources des données"),
            ("data", "citation", "checked_subjects", "checked_exams"),
            (
                "sites, registries or public sets, and how they match the intended patients",
                "sites, registres ou bases publiques, et leur adéquation aux patients visés",
            ),
        ),
        Item(
            "8",
            ("Who was included and excluded", "Qui est inclus, qui est exclu"),
            ("check_excluded", "excluded"),
            ("criteria, setting, dates, how patients were chosen", "critères, cadre, dates, mode de sélection"),
        ),
        Item("9", ("Preprocessing", "Prétraitement"), ("look",)),
        Item(
            "10",
            ("Choice of subsets", "Choix de sous-ensembles"),
            ("split", "check_excluded"),
            (
                "whether parts of images or of the data were chosen before the table was made",
                "si des parties d'images ou de données ont été choisies avant la table",
            ),
        ),
        Item(
            "11",
            ("De-identification", "Désidentification"),
            (),
            ("how, and how the result was checked", "comment, et comment le résultat a été vérifié"),
        ),
        Item(
            "12",
            ("Missing data", "Données manquantes"),
            ("findings", "check_excluded"),
            (
                "clinical facts that were missing, and what was done",
                "faits cliniques manquants et ce qui en a été fait",
            ),
        ),
        Item(
            "13",
            ("How images were acquired", "Acquisition des images"),
            ("modalities",),
            ("devices, makers, settings, protocols", "appareils, fabricants, réglages, protocoles"),
        ),
        Item(
            "14",
            ("How the reference standard was obtained", "Obtention de la référence"),
            ("names",),
            ("what each label means and how it was assigned", "le sens de chaque étiquette et son attribution"),
        ),
        Item(
            "15",
            ("Why that reference standard", "Pourquoi cette référence"),
            (),
            ("its reasons, its errors and biases", "ses raisons, ses erreurs et biais"),
        ),
        Item(
            "16",
            ("Who annotated", "Qui a annoté"),
            (),
            ("how many, their training, their instructions", "combien, leur formation, leurs consignes"),
        ),
        Item(
            "17",
            ("How the test set was annotated", "Annotation du jeu de test"),
            (),
            ("by whom, with which tool, blind to what", "par qui, avec quel outil, en aveugle de quoi"),
        ),
        Item(
            "18",
            ("Agreement between and within annotators", "Accord inter- et intra-annotateurs"),
            (),
            ("measured agreement, how discord was settled", "accord mesuré, règlement des désaccords"),
        ),
        Item(
            "19",
            ("How data were split", "Répartition des données"),
            (
                "validate_mode",
                "fits",
                "split",
                "learned_subjects",
                "learned_exams",
                "tested_subjects",
                "tested_exams",
                "seed",
            ),
        ),
        Item("20", ("Level at which the parts are disjoint", "Niveau de disjonction des parties"), ("by_subject",)),
        Item(
            "21",
            ("Intended sample size", "Taille d'échantillon visée"),
            ("tested_subjects", "calibration_n"),
            ("how the number was decided", "comment ce nombre a été décidé"),
        ),
        Item("22", ("The model in detail", "Le modèle en détail"), ("net", "inputs", "outputs", "digest", "files")),
        Item(
            "23",
            ("Software and hardware", "Logiciels et matériel"),
            ("software", "machine", "memory"),
            ("versions of the libraries", "versions des bibliothèques"),
        ),
        Item("24", ("First weights", "Poids initiaux"), ("pretrained", "seed")),
        Item("25", ("Training", "Apprentissage"), ("train", "augment", "fits", "fitted", "training_seconds")),
        Item(
            "26", ("How the final model was chosen", "Choix du modèle final"), ("average", "training_steps", "aborted")
        ),
        Item("27", ("Ensembling", "Ensemble de modèles"), ("flips", "fits")),
        Item("28", ("Metrics", "Mesures"), ("measures",)),
        Item("29", ("Uncertainty and significance", "Incertitude et signification"), ("measures", "coverage")),
        Item(
            "30",
            ("Robustness and sensitivity", "Robustesse et sensibilité"),
            ("subgroups", "subgroup_notes", "baselines"),
            ("other analyses: devices, image quality, seeds", "autres analyses : appareils, qualité, graines"),
        ),
        Item(
            "31",
            ("Methods of explanation, and their check", "Méthodes d'explication, et leur contrôle"),
            ("faithfulness",),
        ),
        Item(
            "32",
            ("Evaluation on internal data", "Évaluation interne"),
            ("split", "tested_subjects", "tested_exams", "cohort_digest"),
        ),
        Item(
            "33",
            ("Testing on external data", "Test externe"),
            ("acceptance", "acceptance_delivered", "acceptance_advice"),
        ),
        Item(
            "34",
            ("Trial registration", "Enregistrement de l'essai"),
            (),
            ("the number, or that it is no trial", "le numéro, ou que ce n'est pas un essai"),
        ),
        Item(
            "35",
            ("Numbers included and excluded", "Effectifs inclus et exclus"),
            (
                "checked_subjects",
                "checked_exams",
                "check_excluded",
                "learned_subjects",
                "tested_subjects",
                "tested_exams",
                "excluded",
            ),
        ),
        Item(
            "36",
            ("Patients of each part", "Patients de chaque partie"),
            (),
            ("age, sex, disease, by part", "âge, sexe, maladie, par partie"),
        ),
        Item(
            "37",
            ("Performance with its uncertainty", "Performance et son incertitude"),
            ("measures", "per_class", "subgroups"),
        ),
        Item(
            "38",
            ("Diagnostic performance and its precision", "Performance diagnostique et précision"),
            ("per_class", "ece", "brier", "coverage", "share_reported", "error_reported"),
        ),
        Item(
            "39",
            ("Analysis of failures", "Analyse des échecs"),
            ("error_reported", "refer_wrong", "excluded"),
            (
                "what the wrong answers have in common; look at them in report.html",
                "ce que les réponses fausses ont en commun ; voir report.html",
            ),
        ),
        Item(
            "40",
            ("Limitations", "Limites"),
            ("limits", "warnings"),
            ("bias, uncertainty and generality in your setting", "biais, incertitude et portée dans votre contexte"),
        ),
        Item(
            "41",
            ("Implications, intended role", "Implications, rôle prévu"),
            ("intended_use",),
            ("what changes for readers and patients", "ce qui change pour lecteurs et patients"),
        ),
        Item(
            "42",
            ("Protocol and technical details", "Protocole et détails techniques"),
            ("command",),
            ("where the study protocol can be read", "où lire le protocole"),
        ),
        Item(
            "43",
            ("Availability of software, model, data", "Disponibilité du logiciel, modèle, données"),
            ("licence", "use", "digest"),
            ("where, and under which terms", "où, et à quelles conditions"),
        ),
        Item(
            "44",
            ("Funding and role of funders", "Financement et rôle des financeurs"),
            (),
            ("who paid, and what they decided", "qui a payé, et ce qu'ils ont décidé"),
        ),
    ),
)
