//! The values that a sample is drawn from: names, scopes, dates.

use super::{DAY, HISTORY, HOUR};

/// The two parts of names, in the order of the language. `name=Latin` gives the spelling
/// for usernames where it differs.
pub const PEOPLE: [&str; 8] = [
    "Emma James Olivia Noah Grace Daniel Chloe Sarah Tom Siân=Sian Kwame / Smith Walker Hughes \
     Clarke Morgan O’Brien=Obrien Cooper Shaw Mensah Okafor",
    "Maria João=Joao Inês=Ines Carlos Lucía=Lucia Diego Sofia Mateo Ana / Santos Silva García=Garcia \
     Gonçalves=Goncalves Ferreira Núñez=Nunez Costa Romero",
    "Zoë=Zoe Jürgen=Juergen Anna Lukas Käthe=Kaethe Felix Élodie=Elodie Camille / Müller=Mueller \
     Schmidt Weiß=Weiss Köhler=Koehler Vogel Lefèvre=Lefevre Moreau Roux",
    "Łukasz=Lukasz Agnieszka Michał=Michal Jiří=Jiri Zsófia=Zsofia Marek Ewa Åsa=Asa Søren=Soren / \
     Nowak Wójcik=Wojcik Mazur Zając=Zajac Król=Krol Kovács=Kovacs Lindström=Lindstrom Dahl Holm",
    "Priya Arjun Ananya Rohan Fatima Omar Layla Yusuf Noor Elif Çağlar=Caglar / Sharma Patel Iyer \
     Reddy Hassan Khan Rahman Haddad Nair Singh Yılmaz=Yilmaz Demir",
    "Jing Jie Wei Mei Jun Linh Minh Hao Min-ji=Minji Seo-yeon=Seoyeon / Chen Wang Zhang Liu \
     Nguyễn=Nguyen Trần=Tran Kim Park Lee Huang",
    "山田=Yamada 佐藤=Sato 田中=Tanaka 鈴木=Suzuki 高橋=Takahashi 伊藤=Ito 渡辺=Watanabe / 太郎=Taro \
     花子=Hanako 健=Ken 美咲=Misaki 翔太=Shota 由美=Yumi 直樹=Naoki",
    "Олена=Olena Андрій=Andrii Ірина=Iryna Тарас=Taras Юлія=Yuliia / Шевченко=Shevchenko \
     Коваленко=Kovalenko Бондар=Bondar Мельник=Melnyk Лисенко=Lysenko",
];
pub const SERVICES: &str = "backup, monitoring, renovate, grafana, sonarqube, jenkins, vault, argocd, \
     nexus, mirror, reporting, billing, slack, jira, scanner, dns";

pub const TOP_GROUPS: &str = "platform, web, mobile, data, security, finance, research, support, \
     marketing, it, hardware, legal, sandbox, shop, logistics, partners";
pub const SUBGROUPS: &str = "infra, dns, backend, frontend, ios, android, tools, ops, payments, search, \
     analytics, ml, network, storage, identity, observability, release, qa, design, integrations";
pub const PROJECTS: &str = "api, gateway, website, docs, helm-charts, terraform, ansible, runbooks, \
     billing, checkout, auth, sso, reports, etl, dashboards, alerts, exporter, cli, sdk-go, scripts, \
     design-system, zones, images, ci-templates, onboarding, inventory, scheduler, mailer";
pub const PERSONAL_PROJECTS: &str =
    "dotfiles, playground, notes, blog, advent-of-code, thesis, test";

pub const HUMAN_TOKENS: &str = "laptop, old laptop, work laptop, desktop, home office, MacBook, test, \
     tmp delete me, git clone, VS Code, IntelliJ, curl, postman, glab, my token, docker login, \
     release script, ci deploy, terraform local, migration, jira import, read only, hackathon, \
     phone, für den Drucker, 部署, тест, clé de secours";
pub const MACHINE_TOKENS: &str = "ci deploy, renovate bot, backup nightly, grafana dashboards, \
     Jenkins – prod, Jenkins – staging, semantic-release, sonarqube, mirror push, terraform state, \
     registry cleanup, slack alerts, version bump, k8s agent, runner registration, 夜間バックアップ";
pub const DEPLOY_TOKENS: &str = "docker pull, k8s staging, k8s production, argocd, flux, edge devices, \
     registry mirror, kaniko push, npm publish, maven proxy, customer download, Auslieferung";
pub const DEPLOY_USERS: &str = "registry-puller, argocd, edge, builder, mirror";
pub const DESCRIPTIONS: &str = "Needed by the release pipeline, See the runbook, Ask before revoking, \
     Only until the migration is done, Requested in #it-help, Reads issues for the weekly report, \
     Für die Übergabe an das Ops-Team, Created during the outage, Trial of the new agent";

pub const HUMAN_SCOPES: &str = "api, api, api, read_api, read_user, read_repository, write_repository, \
     read_repository write_repository, api read_user, read_registry, k8s_proxy, ai_features";
pub const MACHINE_SCOPES: &str = "api, read_api, read_repository, read_repository write_repository, \
     read_registry write_registry, api read_registry write_registry, create_runner, k8s_proxy";
pub const ADMIN_SCOPES: &str = "api, api sudo, api admin_mode, sudo, read_api, api create_runner";
pub const DEPLOY_SCOPES: &str = "read_repository, read_registry, read_repository read_registry, \
     read_registry write_registry, read_package_registry write_package_registry";

/// The first and the last day on which a token may expire, counted from today.
pub type Days = Option<(i64, i64)>;
pub const NEVER: Days = None;
pub const PAST: Days = Some((-99_999, 0));
pub const TODAY: Days = Some((0, 0));
pub const TOMORROW: Days = Some((1, 1));
pub const SOON: Days = Some((2, 7));
pub const LATER: Days = Some((8, 365));

/// Shares of tokens, cumulative out of 100: when they expire, and whether they are revoked.
pub const LIFECYCLES: [(u32, Days, bool); 9] = [
    (32, LATER, false),
    (47, NEVER, false),
    (51, SOON, false),
    (53, TOMORROW, false),
    (55, TODAY, false),
    (76, PAST, false),
    (84, PAST, true),
    (94, LATER, true),
    (100, NEVER, true),
];
/// The longest times between the last use of a token and its end, or now; `None`: unused.
pub const USES: [Option<i64>; 4] = [None, Some(2 * HOUR), Some(30 * DAY), Some(HISTORY)];
pub const LIFETIMES: [i64; 6] = [30, 60, 90, 180, 365, 365];
pub const LEVELS: [u8; 12] = [10, 20, 20, 20, 30, 30, 30, 30, 40, 40, 40, 50];

pub const HUMAN: &str = "human";
pub const PROJECT_BOT: &str = "project_bot";
pub const SERVICE_ACCOUNT: &str = "service_account";
pub const ROOT: u32 = 1;
