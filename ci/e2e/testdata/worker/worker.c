// It takes what is in a queue, once a second; `worker count` tells how much there is.
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void end(int sig) { _exit(sig == SIGTERM ? 0 : 1); }

int main(int count, char **arguments) {
	signal(SIGTERM, end); // the first process of a container has no default for it
	setvbuf(stdout, NULL, _IOLBF, 0);
	const char *queue = getenv("QUEUE");
	if (queue == NULL || strcmp(queue, "") == 0) {
		fprintf(stderr, "worker " VERSION ": QUEUE is empty\n");
		return 7;
	}
	if (count > 1 && strcmp(arguments[1], "count") == 0)
		return puts("nothing") < 0;
	for (;;) {
		printf("worker " VERSION ": nothing in queue %s\n", queue);
		sleep(1);
	}
}
