#include <stdlib.h>

#include "answer.h"
#include "serve.h"

// migrate stands for what a Job does to a database before this version may run.
static int migrate(void) {
	const char *table = getenv("TABLE");
	if (table == NULL || strcmp(table, "orders") != 0) {
		fprintf(stderr, "migration 2: there is no table %s\n", table ? table : "at all");
		return 3;
	}
	puts("migration 2: done");
	return 0;
}

int main(int count, char **arguments) {
	return count > 1 && strcmp(arguments[1], "migrate") == 0 ? migrate() : serve(answer);
}
