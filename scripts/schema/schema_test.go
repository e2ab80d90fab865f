package main

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTheCommittedSchemaIsThatOfTheTypes(t *testing.T) {
	t.Parallel()
	committed, err := os.ReadFile("../../ci/description/schema.json")
	require.NoError(t, err)
	made, err := schema()
	require.NoError(t, err)
	require.Equal(t, string(made), string(committed), "cd scripts/schema && go run . >../../ci/description/schema.json")
}
