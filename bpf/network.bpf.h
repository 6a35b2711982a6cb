/* Sockets: who was contacted, and the first bytes of what was said. */
#ifndef FANGS_NETWORK_H
#define FANGS_NETWORK_H

#include <bpf/bpf_endian.h>

#include "file.bpf.h"

#define AF_UNIX 1
#define AF_INET 2
#define AF_INET6 10
#define SOCK_STREAM 1
#define SOCK_DGRAM 2
#define FILE_TYPE_MASK 0170000
#define FILE_TYPE_SOCKET 0140000
#define DNS_PORT 53
#define DNS_HEADER 12
#define DNS_FLAG_ANSWER 0x80
#define UNIX_PATH_MAX 108
#define VECTORS 16
#define MESSAGES 16

/* Peer or own end of a socket, as records carry it. */
struct endpoint {
	u16 family;
	u16 port;
	u32 reserved; /* the address is read in words */
	u8 address[16];
};

static __always_inline struct sock *socket_of(int fd, u64 *inode_number)
{
	struct file *file = file_of(fd);
	struct inode *inode = file ? BPF_CORE_READ(file, f_inode) : NULL;
	struct socket *socket;

	if (!inode || (BPF_CORE_READ(inode, i_mode) & FILE_TYPE_MASK) != FILE_TYPE_SOCKET)
		return NULL;
	*inode_number = BPF_CORE_READ(inode, i_ino);
	socket = BPF_CORE_READ(file, private_data);
	return BPF_CORE_READ(socket, sk);
}

static __always_inline void peer_of(struct sock *sock, struct endpoint *out)
{
	out->family = BPF_CORE_READ(sock, __sk_common.skc_family);
	if (out->family == AF_INET)
		*(u32 *)out->address = BPF_CORE_READ(sock, __sk_common.skc_daddr);
	else if (out->family == AF_INET6)
		BPF_CORE_READ_INTO(&out->address, sock, __sk_common.skc_v6_daddr);
	else
		return;
	out->port = bpf_ntohs(BPF_CORE_READ(sock, __sk_common.skc_dport));
}

static __always_inline void own_end(struct sock *sock, struct endpoint *out)
{
	out->family = BPF_CORE_READ(sock, __sk_common.skc_family);
	if (out->family == AF_INET)
		*(u32 *)out->address = BPF_CORE_READ(sock, __sk_common.skc_rcv_saddr);
	else if (out->family == AF_INET6)
		BPF_CORE_READ_INTO(&out->address, sock, __sk_common.skc_v6_rcv_saddr);
	else
		return;
	out->port = BPF_CORE_READ(sock, __sk_common.skc_num);
}

static __always_inline void user_endpoint(const void *user, struct endpoint *out)
{
	struct sockaddr_in6 address = {};

	bpf_probe_read_user(&address, sizeof(struct sockaddr_in), user);
	out->family = address.sin6_family;
	if (out->family == AF_INET) {
		__builtin_memcpy(out->address, &((struct sockaddr_in *)&address)->sin_addr, 4);
	} else if (out->family == AF_INET6) {
		bpf_probe_read_user(&address, sizeof(address), user);
		__builtin_memcpy(out->address, &address.sin6_addr, 16);
	} else {
		return;
	}
	out->port = bpf_ntohs(address.sin6_port);
}

static __always_inline bool named(struct endpoint *end)
{
	u64 *words = (u64 *)end->address;

	return end->port && (words[0] | words[1]);
}

/* The path of a connected or bound unix socket: by the peer where there is one, else as it was asked for. */
static __always_inline u32 append_unix(struct scratch *s, u32 at, struct sock *holder, const void *user, u32 length)
{
	struct unix_sock *bound = (void *)holder;
	struct dentry *dentry = holder ? BPF_CORE_READ(bound, path.dentry) : NULL;
	char first = 0;

	if (dentry)
		return append_path(s, at, dentry, BPF_CORE_READ(bound, path.mnt));
	if (length <= 2)
		return 0;
	length -= 2;
	bpf_probe_read_user(&first, 1, user + 2);
	if (first) /* a file's name ends at its NUL, an abstract one begins with it */
		return append_user_string(s, at, user + 2);
	return append_user(s, at, user + 2, length < UNIX_PATH_MAX ? length : UNIX_PATH_MAX);
}

static __always_inline void begin_socket(struct call *call, u8 operation, struct sock *sock, u64 inode,
					 struct endpoint *end)
{
	struct scratch *s = call->s;

	begin(s, call->process, call->run, RECORD_SOCKET, sizeof(s->socket), call->result);
	s->socket.socket = inode;
	s->socket.operation = operation;
	s->socket.type = BPF_CORE_READ(sock, sk_type);
	s->socket.protocol = BPF_CORE_READ(sock, sk_protocol);
	s->socket.family = end->family;
	s->socket.port = end->port;
	__builtin_memcpy(s->socket.address, end->address, 16);
}

/* connect: the kernel's own idea of the peer counts, for the user's memory can change during the call. */
SEC("raw_tracepoint")
int on_connect(struct bpf_raw_tracepoint_args *context)
{
	u32 at = sizeof(struct socket_record);
	struct endpoint end = {};
	struct sock *sock, *holder = NULL;
	struct call call;
	void *user;
	u64 inode = 0;

	if (!enter(context, &call))
		return 0;
	sock = socket_of(syscall_argument(call.regs, 0), &inode);
	if (!sock)
		return 0;
	user = (void *)syscall_argument(call.regs, 1);
	peer_of(sock, &end);
	if (!named(&end))
		user_endpoint(user, &end);
	bpf_map_delete_elem(&streams, &inode);
	begin_socket(&call, SOCKET_CONNECT, sock, inode, &end);
	if (end.family == AF_UNIX) {
		if (call.result == 0)
			holder = BPF_CORE_READ((struct unix_sock *)sock, peer);
		call.s->socket.path_length = append_unix(call.s, at, holder, user, syscall_argument(call.regs, 2));
	}
	send(call.s, at + call.s->socket.path_length);
	return 0;
}

SEC("raw_tracepoint")
int on_bind(struct bpf_raw_tracepoint_args *context)
{
	u32 at = sizeof(struct socket_record);
	struct endpoint end = {};
	struct sock *sock;
	struct call call;
	void *user;
	u64 inode = 0;

	if (!enter(context, &call))
		return 0;
	sock = socket_of(syscall_argument(call.regs, 0), &inode);
	if (!sock)
		return 0;
	user = (void *)syscall_argument(call.regs, 1);
	if (call.result == 0)
		own_end(sock, &end);
	else
		user_endpoint(user, &end);
	begin_socket(&call, SOCKET_BIND, sock, inode, &end);
	if (end.family == AF_UNIX)
		call.s->socket.path_length =
		    append_unix(call.s, at, call.result == 0 ? sock : NULL, user, syscall_argument(call.regs, 2));
	send(call.s, at + call.s->socket.path_length);
	return 0;
}

SEC("raw_tracepoint")
int on_listen(struct bpf_raw_tracepoint_args *context)
{
	u32 at = sizeof(struct socket_record);
	struct endpoint end = {};
	struct sock *sock;
	struct call call;
	u64 inode = 0;

	if (!enter(context, &call))
		return 0;
	sock = socket_of(syscall_argument(call.regs, 0), &inode);
	if (!sock)
		return 0;
	own_end(sock, &end);
	begin_socket(&call, SOCKET_LISTEN, sock, inode, &end);
	if (end.family == AF_UNIX)
		call.s->socket.path_length = append_unix(call.s, at, sock, NULL, 0);
	send(call.s, at + call.s->socket.path_length);
	return 0;
}

SEC("raw_tracepoint")
int on_accept(struct bpf_raw_tracepoint_args *context)
{
	struct endpoint end = {};
	struct sock *sock;
	struct call call;
	u64 inode = 0;

	if (!enter(context, &call) || call.result < 0)
		return 0;
	sock = socket_of(call.result, &inode);
	if (!sock)
		return 0;
	peer_of(sock, &end);
	begin_socket(&call, SOCKET_ACCEPT, sock, inode, &end);
	send(call.s, sizeof(struct socket_record));
	return 0;
}

/* --- what was said --- */

/* Copies up to `limit` bytes of a vector of buffers behind the fixed part of a data record. */
static __always_inline u32 gather(struct scratch *s, const struct iovec *vectors, u32 vector_count, u32 limit)
{
	u32 got = 0;

	for (u32 i = 0; i < VECTORS && i < vector_count && got < limit; i++) {
		struct iovec vector = {};
		u32 length;

		bpf_probe_read_user(&vector, sizeof(vector), vectors + i);
		length = vector.iov_len < limit - got ? vector.iov_len : limit - got;
		if (length == 0)
			continue;
		got += append_user(s, sizeof(struct data_record) + got, vector.iov_base, length);
	}
	return got;
}

/* How much of a stream is still wanted; remembers that it was taken. */
static __always_inline u32 stream_room(u64 inode, u32 sent, u32 *offset)
{
	u32 *known = bpf_map_lookup_elem(&streams, &inode), next;

	*offset = known ? *known : 0;
	if (*offset >= STREAM_LIMIT)
		return 0;
	next = *offset + sent;
	bpf_map_update_elem(&streams, &inode, &next, BPF_ANY);
	return sent < STREAM_LIMIT - *offset ? sent : STREAM_LIMIT - *offset;
}

struct message {
	int fd;
	u32 vector_count;
	const struct iovec *vectors; /* NULL: buffer holds the bytes */
	const void *buffer;
	const void *address; /* NULL: to the connected peer */
	u32 length;
};

static __always_inline int record_send(struct call *call, struct message *message)
{
	u32 at = sizeof(struct data_record), offset = 0, limit;
	struct scratch *s = call->s;
	struct endpoint end = {};
	struct sock *sock;
	u64 inode = 0;
	u16 type;

	sock = socket_of(message->fd, &inode);
	if (!sock)
		return 0;
	peer_of(sock, &end);
	if (end.family != AF_INET && end.family != AF_INET6)
		return 0;
	type = BPF_CORE_READ(sock, sk_type);
	if (type == SOCK_STREAM) {
		if (call->result <= 0)
			return 0;
		limit = stream_room(inode, message->length, &offset);
		if (limit == 0)
			return 0;
	} else {
		limit = message->length < DATAGRAM_LIMIT ? message->length : DATAGRAM_LIMIT;
	}
	if (message->address)
		user_endpoint(message->address, &end);
	begin(s, call->process, call->run, RECORD_SEND, at, call->result);
	s->data.socket = inode;
	s->data.type = type;
	s->data.family = end.family;
	s->data.port = end.port;
	__builtin_memcpy(s->data.address, end.address, 16);
	s->data.offset = offset;
	s->data.total = message->length;
	if (message->vectors)
		s->data.data_length = gather(s, message->vectors, message->vector_count, limit);
	else
		s->data.data_length = append_user(s, at, message->buffer, limit);
	send(s, at + s->data.data_length);
	return 0;
}

/* write(fd, buffer, length), sendto(fd, buffer, length, flags, address, size) */
SEC("raw_tracepoint")
int on_send(struct bpf_raw_tracepoint_args *context)
{
	struct message message = {};
	struct call call;

	if (!enter(context, &call))
		return 0;
	message.fd = syscall_argument(call.regs, 0);
	message.buffer = (void *)syscall_argument(call.regs, 1);
	message.length = call.result > 0 ? call.result : syscall_argument(call.regs, 2);
	message.address = (void *)shaped(&call, call.shape->target);
	return record_send(&call, &message);
}

/* writev(fd, vectors, count) */
SEC("raw_tracepoint")
int on_send_vector(struct bpf_raw_tracepoint_args *context)
{
	struct message message = {};
	struct call call;

	if (!enter(context, &call))
		return 0;
	message.fd = syscall_argument(call.regs, 0);
	message.vectors = (void *)syscall_argument(call.regs, 1);
	message.vector_count = syscall_argument(call.regs, 2);
	message.length = call.result > 0 ? call.result : DATAGRAM_LIMIT;
	return record_send(&call, &message);
}

static __always_inline void read_header(struct message *message, const void *user)
{
	struct user_msghdr header = {};

	bpf_probe_read_user(&header, sizeof(header), user);
	message->address = header.msg_name;
	message->vectors = header.msg_iov;
	message->vector_count = header.msg_iovlen;
}

/* sendmsg(fd, header, flags) */
SEC("raw_tracepoint")
int on_send_message(struct bpf_raw_tracepoint_args *context)
{
	struct message message = {};
	struct call call;

	if (!enter(context, &call))
		return 0;
	read_header(&message, (void *)syscall_argument(call.regs, 1));
	message.fd = syscall_argument(call.regs, 0);
	message.length = call.result > 0 ? call.result : DATAGRAM_LIMIT;
	return record_send(&call, &message);
}

/* One message of sendmmsg. Global, so that the verifier looks at it once and not for every message. */
__noinline int send_one(struct bpf_raw_tracepoint_args *context, u32 index)
{
	struct message message = {};
	struct mmsghdr *header;
	struct call call;

	if (!enter(context, &call))
		return 1;
	if (call.result < 0 ? index > 0 : index >= call.result) /* one that failed was an attempt at the first */
		return 1;
	header = (struct mmsghdr *)syscall_argument(call.regs, 1) + index;
	read_header(&message, header);
	message.fd = syscall_argument(call.regs, 0);
	if (call.result < 0)
		message.length = DATAGRAM_LIMIT;
	else
		bpf_probe_read_user(&message.length, sizeof(message.length), &header->msg_len);
	return record_send(&call, &message);
}

/* sendmmsg(fd, headers, count, flags): glibc asks for A and AAAA in one call */
SEC("raw_tracepoint")
int on_send_messages(struct bpf_raw_tracepoint_args *context)
{
	for (u32 i = 0; i < MESSAGES; i++) {
		if (send_one(context, i))
			break;
	}
	return 0;
}

/* Received bytes are kept only where they look like a DNS answer: they give addresses their names. */
static __always_inline int record_receive(struct call *call, int fd, const void *buffer)
{
	u32 at = sizeof(struct data_record), length = call->result;
	struct scratch *s = call->s;
	struct endpoint end = {};
	u8 head[DNS_HEADER] = {};
	struct sock *sock;
	u64 inode = 0;
	u16 type;

	if (call->result < DNS_HEADER)
		return 0;
	sock = socket_of(fd, &inode);
	if (!sock)
		return 0;
	peer_of(sock, &end);
	type = BPF_CORE_READ(sock, sk_type);
	if (end.family != AF_INET && end.family != AF_INET6)
		return 0;
	if (type == SOCK_DGRAM) {
		bpf_probe_read_user(head, sizeof(head), buffer);
		if (!(head[2] & DNS_FLAG_ANSWER) || head[4] != 0)
			return 0;
	} else if (end.port != DNS_PORT) {
		return 0;
	}
	begin(s, call->process, call->run, RECORD_RECEIVE, at, call->result);
	s->data.socket = inode;
	s->data.type = type;
	s->data.family = end.family;
	s->data.port = end.port;
	__builtin_memcpy(s->data.address, end.address, 16);
	s->data.total = length;
	s->data.data_length = append_user(s, at, buffer, length < DATAGRAM_LIMIT ? length : DATAGRAM_LIMIT);
	send(s, at + s->data.data_length);
	return 0;
}

/* read(fd, buffer, length), recvfrom(fd, buffer, ...) */
SEC("raw_tracepoint")
int on_receive(struct bpf_raw_tracepoint_args *context)
{
	struct call call;

	if (!enter(context, &call))
		return 0;
	return record_receive(&call, syscall_argument(call.regs, 0), (void *)syscall_argument(call.regs, 1));
}

/* recvmsg(fd, header, flags): the first buffer */
SEC("raw_tracepoint")
int on_receive_message(struct bpf_raw_tracepoint_args *context)
{
	struct message message = {};
	struct iovec vector = {};
	struct call call;

	if (!enter(context, &call))
		return 0;
	read_header(&message, (void *)syscall_argument(call.regs, 1));
	bpf_probe_read_user(&vector, sizeof(vector), message.vectors);
	return record_receive(&call, syscall_argument(call.regs, 0), vector.iov_base);
}

#endif
