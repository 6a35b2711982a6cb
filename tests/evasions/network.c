/* Ways to send without being seen to. Every act gets an address, a port, and what it needs beyond. */
#include "act.h"
#include <linux/netlink.h>
#include <linux/vm_sockets.h>
#include <netinet/tcp.h>
#include <sys/sendfile.h>
#include <sys/un.h>

static struct sockaddr_in at(char **a)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(atoi(a[1]))};

	inet_pton(AF_INET, a[0], &to.sin_addr);
	return to;
}

static int connected(char **a, int type)
{
	struct sockaddr_in to = at(a);
	int sock = socket(AF_INET, type, 0);

	if (connect(sock, (struct sockaddr *)&to, sizeof(to)))
		exit(3);
	return sock;
}

/* text: a connection without connect */
static int fast_open(char **a)
{
	struct sockaddr_in to = at(a);
	int sock = socket(AF_INET, SOCK_STREAM, 0);

	sendto(sock, a[2], strlen(a[2]), MSG_FASTOPEN, (struct sockaddr *)&to, sizeof(to));
	return 0;
}

/* text: a stream's peer is not the one that sendto names */
static int misdirected(char **a)
{
	struct sockaddr_in other = {.sin_family = AF_INET, .sin_port = htons(443), .sin_addr = {htonl(0x01010101)}};
	int sock = connected(a, SOCK_STREAM);

	return sendto(sock, a[2], strlen(a[2]), 0, (struct sockaddr *)&other, sizeof(other)) < 0;
}

/* text: one byte a buffer, in one call */
static int crumbs(char **a)
{
	int sock = connected(a, SOCK_STREAM), count = strlen(a[2]);
	struct iovec parts[1024];

	for (int i = 0; i < count; i++)
		parts[i] = (struct iovec){a[2] + i, 1};
	return writev(sock, parts, count) != count;
}

/* text */
static int pwritev2_act(char **a)
{
	struct iovec part = {a[2], strlen(a[2])};

	return pwritev2(connected(a, SOCK_STREAM), &part, 1, -1, 0) < 0;
}

/* text: forty messages in one call, the text in the last */
static int many_messages(char **a)
{
	struct iovec noise = {"noise", 5}, text = {a[2], strlen(a[2])};
	struct mmsghdr messages[40] = {};

	for (int i = 0; i < 40; i++) {
		messages[i].msg_hdr.msg_iov = i == 39 ? &text : &noise;
		messages[i].msg_hdr.msg_iovlen = 1;
	}
	return sendmmsg(connected(a, SOCK_DGRAM), messages, 40, 0) != 40;
}

/* file */
static int send_file(char **a)
{
	return sendfile(connected(a, SOCK_STREAM), open(a[2], O_RDONLY), NULL, 100) < 0;
}

/* file: through a pipe, and a copy of the pipe */
static int splice_act(char **a)
{
	int sock = connected(a, SOCK_DGRAM), file = open(a[2], O_RDONLY), pipes[2], copies[2];

	if (pipe(pipes) || pipe(copies) || splice(file, NULL, pipes[1], NULL, 100, 0) < 0)
		return 3;
	return tee(pipes[0], copies[1], 100, 0) < 0 || splice(copies[0], NULL, sock, NULL, 100, 0) < 0;
}

/* text: connect on a connection makes no second beginning */
static int connect_again(char **a)
{
	struct sockaddr_in to = at(a);
	int sock = connected(a, SOCK_STREAM);

	if (write(sock, a[2], strlen(a[2])) < 0)
		return 3;
	connect(sock, (struct sockaddr *)&to, sizeof(to));
	return write(sock, a[2], strlen(a[2])) < 0;
}

/* text: another process connects and hands the connection over */
static int handed_over(char **a)
{
	char room[CMSG_SPACE(sizeof(int))] = {}, byte = 0;
	struct iovec part = {&byte, 1};
	struct msghdr message = {
	    .msg_iov = &part, .msg_iovlen = 1, .msg_control = room, .msg_controllen = sizeof(room)};
	struct cmsghdr *control = CMSG_FIRSTHDR(&message);
	int pair[2], sock;

	socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
	if (fork() == 0) {
		sock = connected(a, SOCK_STREAM);
		*control = (struct cmsghdr){CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS};
		memcpy(CMSG_DATA(control), &sock, sizeof(sock));
		exit(sendmsg(pair[1], &message, 0) < 0);
	}
	if (recvmsg(pair[0], &message, 0) < 0)
		return 3;
	memcpy(&sock, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(sock));
	return write(sock, a[2], strlen(a[2])) < 0;
}

/* path text: a datagram to a local socket */
static int local_datagram(char **a)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	int sock = socket(AF_UNIX, SOCK_DGRAM, 0);

	strncpy(to.sun_path, a[0], sizeof(to.sun_path) - 1);
	return sendto(sock, a[1], strlen(a[1]), 0, (struct sockaddr *)&to, sizeof(to)) < 0;
}

/* sockets of other families: none of them has to work */
static int families(char **a)
{
	struct sockaddr_vm host = {.svm_family = AF_VSOCK, .svm_cid = VMADDR_CID_HOST, .svm_port = 22};
	struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
	struct sockaddr_in to = at(a);
	int raw = socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);

	sendto(raw, a[2], strlen(a[2]), 0, (struct sockaddr *)&to, sizeof(to));
	socket(AF_PACKET, SOCK_DGRAM, 0);
	connect(socket(AF_VSOCK, SOCK_STREAM, 0), (struct sockaddr *)&host, sizeof(host));
	return bind(socket(AF_NETLINK, SOCK_RAW, 0), (struct sockaddr *)&kernel, sizeof(kernel));
}

/* address port: killed while the connection is not made yet */
static int killed_inside(char **a)
{
	pid_t child = fork();

	if (child == 0)
		exit(connected(a, SOCK_STREAM) < 0);
	usleep(100000);
	kill(child, SIGKILL);
	return waitpid(child, NULL, 0) != child;
}

/* an answer of one's own, waiting in the queue before the socket is connected to the resolver */
static int forged_answer(char **a)
{
	struct sockaddr_in here = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}}, to = at(a);
	char answer[64] = {1, 2, (char)0x81, (char)0x80, 0, 1, 0, 1};
	int sock = socket(AF_INET, SOCK_DGRAM, 0), other = socket(AF_INET, SOCK_DGRAM, 0);
	socklen_t length = sizeof(here);

	if (bind(sock, (struct sockaddr *)&here, sizeof(here)) || getsockname(sock, (struct sockaddr *)&here, &length))
		return 3;
	for (int i = 0; i < 3; i++)
		sendto(other, answer, sizeof(answer), 0, (struct sockaddr *)&here, sizeof(here));
	recv(sock, answer, sizeof(answer), 0);
	if (connect(sock, (struct sockaddr *)&to, sizeof(to)))
		return 3;
	return recv(sock, answer, sizeof(answer), 0) < 0 || read(sock, answer, sizeof(answer)) < 0;
}

ACTS({"fast-open", fast_open}, {"misdirected", misdirected}, {"crumbs", crumbs}, {"pwritev2", pwritev2_act},
     {"many-messages", many_messages}, {"sendfile", send_file}, {"splice", splice_act},
     {"connect-again", connect_again}, {"handed-over", handed_over}, {"local-datagram", local_datagram},
     {"families", families}, {"killed-inside", killed_inside}, {"forged-answer", forged_answer})
