#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PORT 8080

static void end(int sig) { _exit(sig == SIGTERM ? 0 : 1); }

// serve is a web server for one connection at a time. What is asked for is what comes behind
// the path's last slash: an Ingress may put the application below any path.
static int serve(const char *(*answer)(const char *what)) {
	signal(SIGTERM, end); // the first process of a container has no default for it
	signal(SIGPIPE, SIG_IGN);
	int on = 1, listener = socket(AF_INET, SOCK_STREAM, 0);
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(PORT)};
	if (listener < 0 || setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0 ||
		bind(listener, (struct sockaddr *)&at, sizeof at) < 0 || listen(listener, 64) < 0) {
		perror("listen");
		return 1;
	}
	for (;;) {
		int connection = accept(listener, NULL, NULL);
		if (connection < 0)
			continue;
		struct timeval patience = {.tv_sec = 2};
		setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
		char request[4096], path[1024] = "/", response[1024];
		ssize_t length = read(connection, request, sizeof request - 1);
		request[length > 0 ? length : 0] = 0;
		sscanf(request, "GET %1023s", path);
		const char *slash = strrchr(path, '/');
		const char *body = answer(slash ? slash + 1 : path);
		int size = snprintf(response, sizeof response, "HTTP/1.1 %s\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n%s",
			body ? "200 OK" : "404 Not Found", body ? strlen(body) : 0, body ? body : "");
		if (write(connection, response, size) < 0)
			perror("write");
		close(connection);
	}
}
