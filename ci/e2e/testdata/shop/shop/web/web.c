#include "serve.h"

static const char *answer(const char *what) {
	if (strcmp(what, "") == 0)
		return "Welcome!\n";
	if (strcmp(what, "health") == 0)
		return "well\n";
	if (strcmp(what, "version") == 0)
		return "{\"version\": \"" VERSION "\"}\n";
	return NULL;
}

int main(void) { return serve(answer); }
