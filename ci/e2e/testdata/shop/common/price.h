// What all applications of this repository hold a price to be: cents.
#include <stdio.h>

static const char *price(int cents) {
	static char text[32];
	snprintf(text, sizeof text, "%d.%02d", cents / 100, cents % 100);
	return text;
}
