#include <assert.h>

#include "answer.h"

int main(void) {
	assert(strcmp(answer("orders"), "3 orders of 12.50\n") == 0);
	assert(answer("nothing") == NULL);
	return 0;
}
