-- The tables of a Forgejo database (SQLite) that have to do with tokens, as its mapper
-- creates them. A token may be limited to repositories: those rows go before it does,
-- as the foreign key does not cascade. Forgejo opens it in WAL mode.

CREATE TABLE `version` (
    `id` INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    `version` INTEGER NULL
);

CREATE TABLE `user` (
    `id` INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    `lower_name` TEXT NOT NULL,
    `name` TEXT NOT NULL,
    `full_name` TEXT NULL,
    `email` TEXT NOT NULL,
    `keep_email_private` INTEGER NULL,
    `email_notifications_preference` TEXT DEFAULT 'enabled' NOT NULL,
    `passwd` TEXT NOT NULL,
    `passwd_hash_algo` TEXT DEFAULT 'argon2' NOT NULL,
    `must_change_password` INTEGER DEFAULT 0 NOT NULL,
    `login_type` INTEGER NULL,
    `login_source` INTEGER DEFAULT 0 NOT NULL,
    `login_name` TEXT NULL,
    `type` INTEGER NULL,
    `location` TEXT NULL,
    `website` TEXT NULL,
    `pronouns` TEXT NULL,
    `rands` TEXT NULL,
    `salt` TEXT NULL,
    `language` TEXT NULL,
    `description` TEXT NULL,
    `created_unix` INTEGER NULL,
    `updated_unix` INTEGER NULL,
    `last_login_unix` INTEGER NULL,
    `confirms` TEXT NULL,
    `last_repo_visibility` INTEGER NULL,
    `max_repo_creation` INTEGER DEFAULT -1 NOT NULL,
    `is_active` INTEGER NULL,
    `is_admin` INTEGER NULL,
    `is_restricted` INTEGER DEFAULT 0 NOT NULL,
    `allow_git_hook` INTEGER NULL,
    `allow_import_local` INTEGER NULL,
    `allow_create_organization` INTEGER DEFAULT 1 NULL,
    `prohibit_login` INTEGER DEFAULT 0 NOT NULL,
    `avatar` TEXT NOT NULL,
    `avatar_email` TEXT NOT NULL,
    `use_custom_avatar` INTEGER NULL,
    `num_followers` INTEGER NULL,
    `num_following` INTEGER DEFAULT 0 NOT NULL,
    `num_stars` INTEGER NULL,
    `num_repos` INTEGER NULL,
    `num_teams` INTEGER NULL,
    `num_members` INTEGER NULL,
    `visibility` INTEGER DEFAULT 0 NOT NULL,
    `repo_admin_change_team_access` INTEGER DEFAULT 0 NOT NULL,
    `diff_view_style` TEXT DEFAULT '' NOT NULL,
    `theme` TEXT DEFAULT '' NOT NULL,
    `keep_activity_private` INTEGER DEFAULT 0 NOT NULL,
    `keep_pronouns_private` INTEGER DEFAULT 0 NOT NULL,
    `enable_repo_unit_hints` INTEGER DEFAULT 1 NOT NULL
);
CREATE UNIQUE INDEX `UQE_user_lower_name` ON `user` (`lower_name`);
CREATE UNIQUE INDEX `UQE_user_name` ON `user` (`name`);
CREATE INDEX `IDX_user_created_unix` ON `user` (`created_unix`);
CREATE INDEX `IDX_user_updated_unix` ON `user` (`updated_unix`);
CREATE INDEX `IDX_user_last_login_unix` ON `user` (`last_login_unix`);
CREATE INDEX `IDX_user_is_active` ON `user` (`is_active`);

CREATE TABLE `access_token` (
    `id` INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    `uid` INTEGER NULL,
    `name` TEXT NULL,
    `token_hash` TEXT NULL,
    `token_salt` TEXT NULL,
    `token_last_eight` TEXT NULL,
    `scope` TEXT NULL,
    `created_unix` INTEGER NULL,
    `updated_unix` INTEGER NULL,
    `resource_all_repos` INTEGER DEFAULT 1 NOT NULL
);
CREATE INDEX `IDX_access_token_uid` ON `access_token` (`uid`);
CREATE UNIQUE INDEX `UQE_access_token_token_hash` ON `access_token` (`token_hash`);
CREATE INDEX `IDX_access_token_token_last_eight` ON `access_token` (`token_last_eight`);
CREATE INDEX `IDX_access_token_created_unix` ON `access_token` (`created_unix`);
CREATE INDEX `IDX_access_token_updated_unix` ON `access_token` (`updated_unix`);

CREATE TABLE `forgejo_version` (
    `id` INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    `version` INTEGER NULL
);

CREATE TABLE `repository` (
    `id` INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    `owner_id` INTEGER NULL,
    `owner_name` TEXT NULL,
    `lower_name` TEXT NOT NULL,
    `name` TEXT NOT NULL,
    `is_private` INTEGER NULL
);
CREATE INDEX `IDX_repository_lower_name` ON `repository` (`lower_name`);
CREATE INDEX `IDX_repository_name` ON `repository` (`name`);
CREATE INDEX `IDX_repository_is_private` ON `repository` (`is_private`);

CREATE TABLE `access_token_resource_repo` (
    `id` INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    `token_id` INTEGER NOT NULL REFERENCES `access_token` (`id`),
    `repo_id` INTEGER NOT NULL REFERENCES `repository` (`id`),
    `created_unix` INTEGER NOT NULL
);
CREATE INDEX `IDX_access_token_resource_repo_token_id` ON `access_token_resource_repo` (`token_id`);
CREATE INDEX `IDX_access_token_resource_repo_repo_id` ON `access_token_resource_repo` (`repo_id`);
