-- The tables of a Forgejo database (PostgreSQL) that have to do with tokens, as its
-- mapper creates them. See forgejo.sql.

CREATE TABLE "version" (
    "id" BIGSERIAL PRIMARY KEY NOT NULL,
    "version" BIGINT NULL
);

CREATE TABLE "user" (
    "id" BIGSERIAL PRIMARY KEY NOT NULL,
    "lower_name" VARCHAR(255) NOT NULL,
    "name" VARCHAR(255) NOT NULL,
    "full_name" VARCHAR(255) NULL,
    "email" VARCHAR(255) NOT NULL,
    "keep_email_private" BOOL NULL,
    "email_notifications_preference" VARCHAR(20) DEFAULT 'enabled' NOT NULL,
    "passwd" VARCHAR(255) NOT NULL,
    "passwd_hash_algo" VARCHAR(255) DEFAULT 'argon2' NOT NULL,
    "must_change_password" BOOL DEFAULT false NOT NULL,
    "login_type" INTEGER NULL,
    "login_source" BIGINT DEFAULT 0 NOT NULL,
    "login_name" VARCHAR(255) NULL,
    "type" INTEGER NULL,
    "location" VARCHAR(255) NULL,
    "website" VARCHAR(255) NULL,
    "pronouns" VARCHAR(255) NULL,
    "rands" VARCHAR(32) NULL,
    "salt" VARCHAR(32) NULL,
    "language" VARCHAR(5) NULL,
    "description" VARCHAR(255) NULL,
    "created_unix" BIGINT NULL,
    "updated_unix" BIGINT NULL,
    "last_login_unix" BIGINT NULL,
    "confirms" TEXT NULL,
    "last_repo_visibility" BOOL NULL,
    "max_repo_creation" INTEGER DEFAULT -1 NOT NULL,
    "is_active" BOOL NULL,
    "is_admin" BOOL NULL,
    "is_restricted" BOOL DEFAULT false NOT NULL,
    "allow_git_hook" BOOL NULL,
    "allow_import_local" BOOL NULL,
    "allow_create_organization" BOOL DEFAULT true NULL,
    "prohibit_login" BOOL DEFAULT false NOT NULL,
    "avatar" VARCHAR(2048) NOT NULL,
    "avatar_email" VARCHAR(255) NOT NULL,
    "use_custom_avatar" BOOL NULL,
    "num_followers" INTEGER NULL,
    "num_following" INTEGER DEFAULT 0 NOT NULL,
    "num_stars" INTEGER NULL,
    "num_repos" INTEGER NULL,
    "num_teams" INTEGER NULL,
    "num_members" INTEGER NULL,
    "visibility" INTEGER DEFAULT 0 NOT NULL,
    "repo_admin_change_team_access" BOOL DEFAULT false NOT NULL,
    "diff_view_style" VARCHAR(255) DEFAULT '' NOT NULL,
    "theme" VARCHAR(255) DEFAULT '' NOT NULL,
    "keep_activity_private" BOOL DEFAULT false NOT NULL,
    "keep_pronouns_private" BOOL DEFAULT false NOT NULL,
    "enable_repo_unit_hints" BOOL DEFAULT true NOT NULL
);
CREATE UNIQUE INDEX "UQE_user_lower_name" ON "user" ("lower_name");
CREATE UNIQUE INDEX "UQE_user_name" ON "user" ("name");
CREATE INDEX "IDX_user_created_unix" ON "user" ("created_unix");
CREATE INDEX "IDX_user_updated_unix" ON "user" ("updated_unix");
CREATE INDEX "IDX_user_last_login_unix" ON "user" ("last_login_unix");
CREATE INDEX "IDX_user_is_active" ON "user" ("is_active");

CREATE TABLE "access_token" (
    "id" BIGSERIAL PRIMARY KEY NOT NULL,
    "uid" BIGINT NULL,
    "name" VARCHAR(255) NULL,
    "token_hash" VARCHAR(255) NULL,
    "token_salt" VARCHAR(255) NULL,
    "token_last_eight" VARCHAR(255) NULL,
    "scope" VARCHAR(255) NULL,
    "created_unix" BIGINT NULL,
    "updated_unix" BIGINT NULL,
    "resource_all_repos" BOOL DEFAULT true NOT NULL
);
CREATE INDEX "IDX_access_token_uid" ON "access_token" ("uid");
CREATE UNIQUE INDEX "UQE_access_token_token_hash" ON "access_token" ("token_hash");
CREATE INDEX "IDX_access_token_token_last_eight" ON "access_token" ("token_last_eight");
CREATE INDEX "IDX_access_token_created_unix" ON "access_token" ("created_unix");
CREATE INDEX "IDX_access_token_updated_unix" ON "access_token" ("updated_unix");

CREATE TABLE "forgejo_version" (
    "id" BIGSERIAL PRIMARY KEY NOT NULL,
    "version" BIGINT NULL
);

CREATE TABLE "repository" (
    "id" BIGSERIAL PRIMARY KEY NOT NULL,
    "owner_id" BIGINT NULL,
    "owner_name" VARCHAR(255) NULL,
    "lower_name" VARCHAR(255) NOT NULL,
    "name" VARCHAR(255) NOT NULL,
    "is_private" BOOL NULL
);
CREATE INDEX "IDX_repository_lower_name" ON "repository" ("lower_name");
CREATE INDEX "IDX_repository_name" ON "repository" ("name");
CREATE INDEX "IDX_repository_is_private" ON "repository" ("is_private");

CREATE TABLE "access_token_resource_repo" (
    "id" BIGSERIAL PRIMARY KEY NOT NULL,
    "token_id" BIGINT NOT NULL REFERENCES "access_token" ("id"),
    "repo_id" BIGINT NOT NULL REFERENCES "repository" ("id"),
    "created_unix" BIGINT NOT NULL
);
CREATE INDEX "IDX_access_token_resource_repo_token_id" ON "access_token_resource_repo" ("token_id");
CREATE INDEX "IDX_access_token_resource_repo_repo_id" ON "access_token_resource_repo" ("repo_id");
