package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// ErrNotFound says that no person has the id asked for.
var ErrNotFound = errors.New("no such person")

// Person is one entry of the store.
type Person struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// Store keeps persons. All methods may be called at the same time.
type Store interface {
	// Prepare creates what the store needs; calling it again changes nothing.
	Prepare(ctx context.Context) error
	// Ping returns nil when the store can be reached now.
	Ping(ctx context.Context) error
	// Get returns the person with this id, or ErrNotFound.
	Get(ctx context.Context, id string) (Person, error)
	// Put adds the person, or replaces the one with the same id.
	Put(ctx context.Context, person Person) error
	// Delete removes the person with this id, or returns ErrNotFound.
	Delete(ctx context.Context, id string) error
}

// Postgres is a Store in a PostgreSQL database.
type Postgres struct {
	pool *pgxpool.Pool
}

// OpenPostgres returns a store that connects when it is first used; it fails only when the configuration cannot be right.
func OpenPostgres(config DatabaseConfig) (*Postgres, error) {
	location := url.URL{
		Scheme:   "postgres",
		User:     url.User(config.User),
		Host:     net.JoinHostPort(config.Host, strconv.Itoa(config.Port)),
		Path:     config.Name,
		RawQuery: "sslmode=prefer&connect_timeout=2&application_name=go-demo",
	}
	pool, err := pgxpool.ParseConfig(location.String())
	if err != nil {
		return nil, fmt.Errorf("database configuration: %w", err)
	}
	// Two replicas and one that surges stay well below the 100 connections that PostgreSQL allows by default.
	pool.MaxConns = 10
	pool.BeforeConnect = func(_ context.Context, conn *pgx.ConnConfig) error {
		if config.PasswordFile == "" {
			return nil
		}
		password, err := os.ReadFile(config.PasswordFile)
		if err != nil {
			return fmt.Errorf("DATABASE_PASSWORD_FILE: %w", err)
		}
		conn.Password = strings.TrimRight(string(password), "\r\n")
		return nil
	}
	opened, err := pgxpool.NewWithConfig(context.Background(), pool)
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	return &Postgres{pool: opened}, nil
}

// Prepare creates the table. Replicas that start at the same moment may collide in PostgreSQL's catalogue in spite of IF NOT
// EXISTS; the one that loses gets an error and is expected to try again.
func (p *Postgres) Prepare(ctx context.Context) error {
	_, err := p.pool.Exec(ctx, `CREATE TABLE IF NOT EXISTS person (id text PRIMARY KEY, name text NOT NULL)`)
	return err
}

// Ping asks the database for an answer.
func (p *Postgres) Ping(ctx context.Context) error { return p.pool.Ping(ctx) }

// Close ends all connections, after the queries in flight.
func (p *Postgres) Close() { p.pool.Close() }

// Get returns the person with this id, or ErrNotFound.
func (p *Postgres) Get(ctx context.Context, id string) (Person, error) {
	person := Person{ID: id}
	err := p.pool.QueryRow(ctx, `SELECT name FROM person WHERE id = $1`, id).Scan(&person.Name)
	if errors.Is(err, pgx.ErrNoRows) {
		return Person{}, ErrNotFound
	}
	return person, err
}

// Put adds the person, or replaces the one with the same id.
func (p *Postgres) Put(ctx context.Context, person Person) error {
	_, err := p.pool.Exec(ctx, `INSERT INTO person (id, name) VALUES ($1, $2)
		ON CONFLICT (id) DO UPDATE SET name = excluded.name`, person.ID, person.Name)
	return err
}

// Delete removes the person with this id, or returns ErrNotFound.
func (p *Postgres) Delete(ctx context.Context, id string) error {
	tag, err := p.pool.Exec(ctx, `DELETE FROM person WHERE id = $1`, id)
	if err == nil && tag.RowsAffected() == 0 {
		return ErrNotFound
	}
	return err
}
