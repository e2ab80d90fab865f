package main

import (
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/suite"
)

// ConfigUnitTestSuite tests what the environment may hold.
type ConfigUnitTestSuite struct{ suite.Suite }

func TestConfigUnitTestSuite(t *testing.T) { suite.Run(t, new(ConfigUnitTestSuite)) }

func (s *ConfigUnitTestSuite) load(env map[string]string) (Config, error) {
	return LoadConfig(func(key string) string { return env[key] })
}

func (s *ConfigUnitTestSuite) TestOnlyTheHostOfTheDatabaseIsRequired() {
	config, err := s.load(map[string]string{"DATABASE_HOST": "db"})
	s.Require().NoError(err)
	s.Equal(Config{
		Listen: ":8080", BasePath: "/demo", DrainDelay: 2 * time.Second, LogLevel: slog.LevelInfo,
		Database: DatabaseConfig{Host: "db", Port: 5432, Name: "demo", User: "demo"},
	}, config)
}

func (s *ConfigUnitTestSuite) TestEverythingCanBeSet() {
	config, err := s.load(map[string]string{
		"LISTEN": "127.0.0.1:1", "BASE_PATH": "/beta/run-7/", "DRAIN_DELAY": "0s", "LOG_LEVEL": "debug", "DATABASE_HOST": "::1",
		"DATABASE_PORT": "65535", "DATABASE_NAME": "a b", "DATABASE_USER": "u@v", "DATABASE_PASSWORD_FILE": "/secret/password",
	})
	s.Require().NoError(err)
	s.Equal(Config{
		Listen: "127.0.0.1:1", BasePath: "/beta/run-7", DrainDelay: 0, LogLevel: slog.LevelDebug,
		Database: DatabaseConfig{Host: "::1", Port: 65535, Name: "a b", User: "u@v", PasswordFile: "/secret/password"},
	}, config)
	store, err := OpenPostgres(config.Database)
	s.Require().NoError(err)
	defer store.Close()
	opened := store.pool.Config().ConnConfig
	s.Equal([]any{"::1", uint16(65535), "a b", "u@v"}, []any{opened.Host, opened.Port, opened.Database, opened.User})
}

func (s *ConfigUnitTestSuite) TestErrorNamesTheVariable() {
	for key, values := range map[string][]string{
		"DATABASE_HOST": {""},
		"DATABASE_PORT": {"0", "65536", "-1", "x"},
		"BASE_PATH":     {"/", "demo", "//demo", "/{id}", "/a b", "/.."},
		"DRAIN_DELAY":   {"2", "-1s"},
		"LOG_LEVEL":     {"loud"},
	} {
		for _, value := range values {
			env := map[string]string{"DATABASE_HOST": "db"}
			env[key] = value
			_, err := s.load(env)
			s.ErrorContains(err, key+": ", "%q", value)
		}
	}
}
