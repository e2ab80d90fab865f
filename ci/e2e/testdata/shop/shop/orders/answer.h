#include <string.h>

#include "price.h"

static const char *answer(const char *what) {
	static char text[64];
	if (strcmp(what, "health") == 0)
		return "well\n";
	if (strcmp(what, "orders") != 0)
		return NULL;
	snprintf(text, sizeof text, "3 orders of %s\n", price(1250));
	return text;
}
