-- GitLab's tables as far as tokenctl is concerned with them: the types, defaults, constraints and
-- indexes of GitLab 18, of each table the columns that are read, those that never may be, and those
-- that an INSERT cannot do without. Every id has a sequence.
--
-- Where it is laxer than GitLab 18, a comment says so: databases of older versions hold such rows.

CREATE TABLE users (
    id bigserial PRIMARY KEY,
    email varchar DEFAULT '' NOT NULL,
    encrypted_password varchar DEFAULT '' NOT NULL,  -- never read
    feed_token varchar,                              -- never read
    created_at timestamp,
    updated_at timestamp,
    name varchar,
    admin boolean DEFAULT false NOT NULL,
    projects_limit integer NOT NULL,
    username varchar,
    state varchar,
    -- Since 16.0 a CHECK keeps NULL out; before, it was a human's.
    user_type smallint DEFAULT 0
);
CREATE UNIQUE INDEX index_users_on_email ON users (email);
CREATE UNIQUE INDEX index_users_on_feed_token ON users (feed_token);
CREATE INDEX index_users_on_username ON users (username);
CREATE INDEX index_on_users_lower_username ON users (lower(username::text));
CREATE INDEX index_users_on_state_and_user_type ON users (state, user_type);

CREATE TABLE namespaces (
    id bigserial PRIMARY KEY,
    name varchar NOT NULL,
    path varchar NOT NULL,
    owner_id bigint,
    created_at timestamp,
    updated_at timestamp,
    type varchar DEFAULT 'User' NOT NULL,  -- or Group, or Project
    parent_id bigint REFERENCES namespaces,
    runners_token_encrypted varchar,       -- never read
    traversal_ids bigint[] DEFAULT '{}' NOT NULL
);
CREATE UNIQUE INDEX index_namespaces_on_parent_id_and_id ON namespaces (parent_id, id);
CREATE INDEX index_namespaces_on_owner_id ON namespaces (owner_id);
CREATE INDEX index_namespaces_on_path ON namespaces (path);
CREATE INDEX index_on_namespaces_lower_path ON namespaces (lower(path::text));
CREATE INDEX index_namespaces_on_traversal_ids ON namespaces USING gin (traversal_ids);
CREATE INDEX index_namespaces_on_type_and_id ON namespaces (type, id);

CREATE TABLE projects (
    id bigserial PRIMARY KEY,
    name varchar,
    path varchar,
    created_at timestamp,
    updated_at timestamp,
    creator_id bigint,
    namespace_id bigint NOT NULL REFERENCES namespaces,
    runners_token_encrypted varchar,  -- never read
    project_namespace_id bigint NOT NULL REFERENCES namespaces
);
CREATE UNIQUE INDEX index_projects_on_project_namespace_id ON projects (project_namespace_id);
CREATE INDEX index_projects_on_namespace_id_and_id ON projects (namespace_id, id);

CREATE TABLE routes (
    id bigserial PRIMARY KEY,
    source_id bigint NOT NULL,
    source_type varchar NOT NULL,
    path varchar NOT NULL,
    created_at timestamp,
    updated_at timestamp,
    name varchar,
    namespace_id bigint NOT NULL REFERENCES namespaces ON DELETE CASCADE
);
CREATE UNIQUE INDEX index_routes_on_path ON routes (path);
CREATE UNIQUE INDEX index_routes_on_source_type_and_source_id ON routes (source_type, source_id);
CREATE UNIQUE INDEX index_routes_on_namespace_id ON routes (namespace_id);
CREATE INDEX index_on_routes_lower_path ON routes (lower(path::text));
CREATE INDEX index_routes_on_path_text_pattern_ops ON routes (path varchar_pattern_ops);

CREATE TABLE members (
    id bigserial PRIMARY KEY,
    access_level integer NOT NULL,
    source_id bigint NOT NULL,
    source_type varchar NOT NULL,
    user_id bigint REFERENCES users ON DELETE CASCADE,
    notification_level integer NOT NULL,
    type varchar,
    created_at timestamp,
    updated_at timestamp,
    created_by_id bigint,
    invite_email varchar,
    invite_token varchar,  -- never read
    invite_accepted_at timestamp,
    requested_at timestamp,
    expires_at date,
    state smallint DEFAULT 0,  -- or 1, awaiting
    member_namespace_id bigint NOT NULL REFERENCES namespaces ON DELETE CASCADE
);
CREATE UNIQUE INDEX index_members_on_invite_token ON members (invite_token);
CREATE INDEX index_members_on_access_level ON members (access_level);
CREATE INDEX index_members_on_expires_at ON members (expires_at);
CREATE INDEX index_members_on_requested_at ON members (requested_at);
CREATE INDEX index_members_on_source_and_type_and_access_level
    ON members (source_id, source_type, type, access_level);
CREATE INDEX index_members_on_source_state_type_access_level_and_user_id
    ON members (source_id, source_type, state, type, access_level, user_id)
    WHERE requested_at IS NULL AND invite_token IS NULL;
CREATE INDEX index_members_on_user_id_and_access_level_requested_at_is_null
    ON members (user_id, access_level) WHERE requested_at IS NULL;

CREATE TABLE personal_access_tokens (
    id bigserial PRIMARY KEY,
    user_id bigint NOT NULL REFERENCES users ON DELETE CASCADE,
    name varchar NOT NULL,
    revoked boolean DEFAULT false,
    expires_at date,
    created_at timestamp NOT NULL,
    updated_at timestamp NOT NULL,
    scopes varchar DEFAULT E'--- []\n' NOT NULL,
    impersonation boolean DEFAULT false NOT NULL,
    token_digest varchar,  -- never read
    expire_notification_delivered boolean DEFAULT false NOT NULL,
    last_used_at timestamp with time zone,
    after_expiry_notification_delivered boolean DEFAULT false NOT NULL,
    previous_personal_access_token_id bigint,
    organization_id bigint DEFAULT 1 NOT NULL,  -- since 17.4; that default is gone again
    seven_days_notification_sent_at timestamp with time zone,
    thirty_days_notification_sent_at timestamp with time zone,
    sixty_days_notification_sent_at timestamp with time zone,
    description text CHECK (char_length(description) <= 255),  -- since 17.7
    -- Both since 18.3, and NULL in most rows: the owner's type is that in users.
    group_id bigint,
    user_type smallint
);
CREATE UNIQUE INDEX index_personal_access_tokens_on_token_digest
    ON personal_access_tokens (token_digest);
CREATE INDEX index_personal_access_tokens_on_user_id ON personal_access_tokens (user_id);
CREATE INDEX index_personal_access_tokens_on_id_and_created_at
    ON personal_access_tokens (id, created_at);
CREATE INDEX index_personal_access_tokens_on_organization_id
    ON personal_access_tokens (organization_id);
CREATE INDEX index_pat_on_user_id_and_expires_at ON personal_access_tokens (user_id, expires_at);
CREATE INDEX idx_personal_access_tokens_on_previous_personal_access_token_id
    ON personal_access_tokens (previous_personal_access_token_id);
CREATE INDEX index_pats_on_expiring_at_seven_days_notification_sent_at
    ON personal_access_tokens (expires_at, id)
    WHERE impersonation = false AND revoked = false AND seven_days_notification_sent_at IS NULL;
CREATE INDEX index_pats_on_expiring_at_thirty_days_notification_sent_at
    ON personal_access_tokens (expires_at, id)
    WHERE impersonation = false AND revoked = false AND thirty_days_notification_sent_at IS NULL;
CREATE INDEX index_pats_on_expiring_at_sixty_days_notification_sent_at
    ON personal_access_tokens (expires_at, id)
    WHERE impersonation = false AND revoked = false AND sixty_days_notification_sent_at IS NULL;

CREATE TABLE deploy_tokens (
    id bigserial PRIMARY KEY,
    revoked boolean DEFAULT false,
    read_repository boolean DEFAULT false NOT NULL,
    read_registry boolean DEFAULT false NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    created_at timestamp with time zone NOT NULL,
    name varchar NOT NULL,
    username varchar,
    token_encrypted varchar(255),  -- never read
    deploy_token_type smallint DEFAULT 2 NOT NULL,
    write_registry boolean DEFAULT false NOT NULL,
    read_package_registry boolean DEFAULT false NOT NULL,
    write_package_registry boolean DEFAULT false NOT NULL,
    creator_id bigint,
    read_virtual_registry boolean DEFAULT false NOT NULL,   -- since 17.3
    -- Copies of what the two tables below say, since 17.3; NULL in rows not yet copied.
    project_id bigint,
    group_id bigint,
    write_virtual_registry boolean DEFAULT false NOT NULL   -- since 17.9
);
CREATE UNIQUE INDEX index_deploy_tokens_on_token_encrypted ON deploy_tokens (token_encrypted);
CREATE INDEX index_deploy_tokens_on_creator_id ON deploy_tokens (creator_id);
CREATE INDEX index_deploy_tokens_on_project_id ON deploy_tokens (project_id);
CREATE INDEX index_deploy_tokens_on_group_id ON deploy_tokens (group_id);

CREATE TABLE project_deploy_tokens (
    id bigserial PRIMARY KEY,
    project_id bigint NOT NULL REFERENCES projects ON DELETE CASCADE,
    deploy_token_id bigint NOT NULL REFERENCES deploy_tokens ON DELETE CASCADE,
    created_at timestamp with time zone NOT NULL
);
CREATE INDEX index_project_deploy_tokens_on_deploy_token_id
    ON project_deploy_tokens (deploy_token_id);
CREATE UNIQUE INDEX index_project_deploy_tokens_on_project_id_and_deploy_token_id
    ON project_deploy_tokens (project_id, deploy_token_id);

CREATE TABLE group_deploy_tokens (
    id bigserial PRIMARY KEY,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    group_id bigint NOT NULL REFERENCES namespaces ON DELETE CASCADE,
    deploy_token_id bigint NOT NULL REFERENCES deploy_tokens ON DELETE CASCADE
);
CREATE INDEX index_group_deploy_tokens_on_deploy_token_id ON group_deploy_tokens (deploy_token_id);
CREATE UNIQUE INDEX index_group_deploy_tokens_on_group_and_deploy_token_ids
    ON group_deploy_tokens (group_id, deploy_token_id);
