#include <assert.h>

#include "answer.h"

int main(void) {
	assert(strcmp(answer("/hello-app", "/hello-app/hello"), "Hello from C!\n") == 0);
	assert(strcmp(answer("", "/version"), VERSION "\n") == 0);
	assert(answer("/hello-app", "/hello") == NULL);
	assert(answer("/hello-app", "/hello-app") == NULL);
	return 0;
}
