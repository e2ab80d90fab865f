// A web server for one connection at a time, on port 8080, below BASE_PATH.
#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "answer.h"

static void end(int sig) { _exit(sig == SIGTERM ? 0 : 1); }

// serve answers the first line of a request and closes the connection.
static void serve(int connection, const char *base) {
	struct timeval patience = {.tv_sec = 2};
	setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	char request[4096], path[1024] = "", response[512];
	ssize_t length = read(connection, request, sizeof request - 1);
	request[length > 0 ? length : 0] = 0;
	sscanf(request, "GET %1023s", path);
	const char *body = answer(base, path);
	int size = snprintf(response, sizeof response, "HTTP/1.1 %s\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n%s",
		body ? "200 OK" : "404 Not Found", body ? strlen(body) : 0, body ? body : "");
	if (write(connection, response, size) < 0)
		perror("write");
	close(connection);
}

int main(void) {
	signal(SIGTERM, end); // the first process of a container has no default for it
	signal(SIGPIPE, SIG_IGN);
	const char *base = getenv("BASE_PATH") ? getenv("BASE_PATH") : "";
	int on = 1, listener = socket(AF_INET, SOCK_STREAM, 0);
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(8080)};
	if (listener < 0 || setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0 ||
		bind(listener, (struct sockaddr *)&at, sizeof at) < 0 || listen(listener, 64) < 0) {
		perror("listen on port 8080");
		return 1;
	}
	for (;;) {
		int connection = accept(listener, NULL, NULL);
		if (connection >= 0)
			serve(connection, base);
	}
}
