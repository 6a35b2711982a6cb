/* What is said: the first bytes of streams, datagrams, and received DNS answers. No protocol is read here. */
#ifndef FANGS_TRAFFIC_H
#define FANGS_TRAFFIC_H

#include "socket.bpf.h"

#define SOCK_DGRAM 2
#define DNS_PORT 53
#define DNS_HEADER 12
#define DNS_FLAG_ANSWER 0x80
#define VECTORS 16
#define MESSAGES 16

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
