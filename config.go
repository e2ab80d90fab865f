package main

import (
	"fmt"
	"log/slog"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Config is all that can be set from outside.
type Config struct {
	Listen     string        // LISTEN: address to listen on, default ":8080"
	BasePath   string        // BASE_PATH: path that every endpoint for users lies below, default "/demo"
	DrainDelay time.Duration // DRAIN_DELAY: how long requests are still accepted after SIGTERM, default 2s
	LogLevel   slog.Level    // LOG_LEVEL: debug shows probes too, default info
	Database   DatabaseConfig
}

// DatabaseConfig says where the database is. The password is never part of it: the file is read at every connect, so that a
// password changed in the mounted Secret needs no restart.
type DatabaseConfig struct {
	Host         string // DATABASE_HOST, required
	Port         int    // DATABASE_PORT, default 5432
	Name         string // DATABASE_NAME, default "demo"
	User         string // DATABASE_USER, default "demo"
	PasswordFile string // DATABASE_PASSWORD_FILE; empty: no password
}

// Characters that mean something to the router's patterns ({, }, $, spaces) are left out.
var validBasePath = regexp.MustCompile(`^(/[A-Za-z0-9][A-Za-z0-9._~-]*)+$`)

// LoadConfig reads the configuration through getenv. The error names the variable and what it may hold.
func LoadConfig(getenv func(string) string) (Config, error) {
	env := func(key, fallback string) string {
		if value := getenv(key); value != "" {
			return value
		}
		return fallback
	}
	config := Config{
		Listen:   env("LISTEN", ":8080"),
		BasePath: strings.TrimSuffix(env("BASE_PATH", "/demo"), "/"),
		Database: DatabaseConfig{
			Host:         env("DATABASE_HOST", ""),
			Name:         env("DATABASE_NAME", "demo"),
			User:         env("DATABASE_USER", "demo"),
			PasswordFile: env("DATABASE_PASSWORD_FILE", ""),
		},
	}
	var err error
	if !validBasePath.MatchString(config.BasePath) {
		return Config{}, fmt.Errorf("BASE_PATH: %q is no path below the root, such as /demo", getenv("BASE_PATH"))
	}
	if config.DrainDelay, err = time.ParseDuration(env("DRAIN_DELAY", "2s")); err != nil || config.DrainDelay < 0 {
		return Config{}, fmt.Errorf("DRAIN_DELAY: %q is no duration, such as 2s or 0s", getenv("DRAIN_DELAY"))
	}
	if err = config.LogLevel.UnmarshalText([]byte(env("LOG_LEVEL", "info"))); err != nil {
		return Config{}, fmt.Errorf("LOG_LEVEL: %q is none of debug, info, warn, error", getenv("LOG_LEVEL"))
	}
	if config.Database.Host == "" {
		return Config{}, fmt.Errorf("DATABASE_HOST: not set; name the host of the PostgreSQL server")
	}
	port, err := strconv.ParseUint(env("DATABASE_PORT", "5432"), 10, 16)
	if err != nil || port == 0 {
		return Config{}, fmt.Errorf("DATABASE_PORT: %q is no port from 1 to 65535", getenv("DATABASE_PORT"))
	}
	config.Database.Port = int(port)
	return config, nil
}
