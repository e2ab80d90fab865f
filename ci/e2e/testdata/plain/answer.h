#include <string.h>

#ifndef VERSION
#define VERSION "dev"
#endif

// answer returns what is said at a path, or NULL where there is nothing.
static const char *answer(const char *base, const char *path) {
	size_t length = strlen(base);
	if (strncmp(path, base, length) != 0)
		return NULL;
	path += length;
	if (strcmp(path, "/hello") == 0)
		return "Hello from C!\n";
	if (strcmp(path, "/health") == 0)
		return "well\n";
	if (strcmp(path, "/version") == 0)
		return VERSION "\n";
	return NULL;
}
