# Doorkeeper on Rails in one file, of Debian's packages, in SQLite or PostgreSQL. Makes its
# tables, its users and its clients, prints the port that it listens on, and serves until it is
# killed.
ENV['RAILS_ENV'] = 'production'
ENV['SECRET_KEY_BASE'] = 'of-the-tests' * 4
# libpq reads where and who from the environment.
ENV['DATABASE_URL'] = ENV['PGHOST'] ? 'postgresql:///' : 'sqlite3:doorkeeper.sqlite3?timeout=30000'

require 'logger'
require 'rails'
require 'active_record/railtie'
require 'action_controller/railtie'
require 'bcrypt'
require 'doorkeeper'
require 'puma'

class Application < Rails::Application
  config.root = Dir.pwd
  config.eager_load = false
  config.consider_all_requests_local = true
  config.logger = Logger.new($stderr)
  config.log_level = :info
  config.hosts.clear
end

class User < ActiveRecord::Base
  has_secure_password
end

Doorkeeper.configure do
  orm :active_record
  base_controller 'ActionController::API'
  resource_owner_from_credentials { User.find_by(email: params[:username])&.authenticate(params[:password]) || nil }
  grant_flows %w[password client_credentials]
  default_scopes :read
  optional_scopes :write
  use_refresh_token
end

# Answers who presents a token: 200, or 401 where it is none.
class WhoAmIController < ActionController::API
  before_action :doorkeeper_authorize!

  def show
    render json: { email: User.find_by(id: doorkeeper_token.resource_owner_id)&.email }
  end
end

# The default is slow on purpose.
ActiveModel::SecurePassword.min_cost = true
Application.initialize!

# As Doorkeeper's own generator makes them.
ActiveRecord::Migration.verbose = false
ActiveRecord::Schema.define do
  create_table :users do |t|
    t.string :email, null: false, index: { unique: true }
    t.string :password_digest, null: false
    t.boolean :admin, null: false, default: false
  end
  create_table :oauth_applications do |t|
    t.string :name, null: false
    t.string :uid, null: false, index: { unique: true }
    t.string :secret, null: false
    t.text :redirect_uri
    t.string :scopes, null: false, default: ''
    t.boolean :confidential, null: false, default: true
    t.timestamps null: false
  end
  create_table :oauth_access_tokens do |t|
    t.references :resource_owner, index: true
    t.references :application, null: false, foreign_key: { to_table: :oauth_applications }
    t.string :token, null: false, index: { unique: true }
    t.string :refresh_token, index: { unique: true }
    t.integer :expires_in
    t.datetime :revoked_at
    t.datetime :created_at, null: false
    t.string :scopes
    t.string :previous_refresh_token, null: false, default: ''
  end
end

Application.routes.draw do
  use_doorkeeper { skip_controllers :applications, :authorizations, :authorized_applications }
  get '/whoami', to: 'who_am_i#show'
end

%w[root olive sam ünal].each do |name|
  User.create!(email: "#{name}@example.org", password: "password of #{name}", admin: name == 'root')
end
%w[reports machine].each do |name|
  Doorkeeper::Application.create!(name: name, uid: name, secret: "secret of #{name}", redirect_uri: 'https://127.0.0.1/')
end

server = Puma::Server.new(Application)
listener = server.add_tcp_listener('127.0.0.1', 0)
puts listener.addr[1]
$stdout.flush
server.run.join
