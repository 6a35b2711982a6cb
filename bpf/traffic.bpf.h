/* What is sent: the first bytes of streams, and datagrams. No protocol is read here. */
#ifndef FANGS_TRAFFIC_H
#define FANGS_TRAFFIC_H

#include "socket.bpf.h"

/* The most that one call takes of each: UIO_MAXIOV of the kernel. */
#define VECTORS 1024
#define MESSAGES 1024
/* Kernels before 5.17 have no bpf_loop; what a call has more is flagged and counted there. */
#define VECTORS_BOUNDED 16
#define MSG_FASTOPEN 0x20000000

struct gathering {
	const struct iovec *vectors;
	u32 vector_count;
	u32 limit;
	u32 got;
};

/* Copies one buffer behind the fixed part of a data record; false where no more is wanted. */
static __always_inline bool gather_one(struct scratch *s, struct gathering *gathering, u32 index)
{
	u32 left = gathering->limit - gathering->got;
	struct iovec vector = {};

	if (index >= gathering->vector_count || gathering->got >= gathering->limit)
		return false;
	bpf_probe_read_user(&vector, sizeof(vector), gathering->vectors + index);
	if (vector.iov_len)
		gathering->got += append_user(s, sizeof(struct data_record) + gathering->got, vector.iov_base,
					      vector.iov_len < left ? vector.iov_len : left);
	return true;
}

static long gather_on(u32 index, void *gathering)
{
	struct scratch *s = scratch();

	return !s || !gather_one(s, gathering, index);
}

/* Up to `limit` bytes of a vector of buffers; returns how many there were. */
static __always_inline u32 gather(struct scratch *s, const struct iovec *vectors, u32 vector_count, u32 limit)
{
	struct gathering gathering = {.vectors = vectors, .vector_count = vector_count, .limit = limit};

	if (bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_loop)) {
		bpf_loop(VECTORS, gather_on, &gathering, 0);
		return gathering.got;
	}
	for (u32 i = 0; i < VECTORS_BOUNDED && gather_one(s, &gathering, i); i++)
		;
	if (gathering.got < limit && vector_count > VECTORS_BOUNDED) {
		s->header.flags |= FLAG_TRUNCATED;
		count(s->header.run, s->header.type, LOSS_TRUNCATED);
	}
	return gathering.got;
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
	const struct iovec
	    *vectors; /* NULL: buffer holds the bytes; NULL as well: they never were in the user's memory */
	const void *buffer;
	const void *address; /* NULL: to the connected peer */
	u32 address_length;
	u32 length;
	u32 flags; /* MSG_* */
};

/* A peer that no connect told of: this call contacts it. */
static __always_inline void record_contact(struct socket_call *c)
{
	long result = c->call.result;

	if (result > 0)
		c->call.result = 0;
	record_socket(c, SOCKET_CONNECT, NULL);
	c->call.result = result;
}

static __always_inline int record_send(struct socket_call *c, struct message *message)
{
	u32 at = sizeof(struct data_record), offset = 0, limit;
	struct scratch *s = c->call.s;
	struct sock *sock = socket_of(message->fd, &c->inode);
	u16 type;

	if (!sock)
		return 0;
	c->sock = sock;
	c->asked = message->address;
	c->asked_length = message->address_length;
	peer_of(sock, &c->end);
	type = BPF_CORE_READ(sock, sk_type);
	/* A stream has one peer, whatever address the call has, and whatever that says by now. */
	if (c->asked && (type != SOCK_STREAM || !named(&c->end)) && c->end.family != AF_UNIX)
		user_endpoint(c->asked, &c->end);
	if (c->asked && (type == SOCK_STREAM ? message->flags & MSG_FASTOPEN : c->end.family == AF_UNIX))
		record_contact(c);
	if (c->end.family != AF_INET && c->end.family != AF_INET6)
		return 0;
	if (type == SOCK_STREAM) {
		if (c->call.result <= 0)
			return 0;
		limit = stream_room(c->inode, message->length, &offset);
		if (limit == 0)
			return 0;
	} else {
		limit = message->length < DATAGRAM_LIMIT ? message->length : DATAGRAM_LIMIT;
	}
	begin(s, c->call.process, c->call.run, RECORD_SEND, at, c->call.result);
	s->data.socket = c->inode;
	s->data.type = type;
	s->data.family = c->end.family;
	s->data.port = c->end.port;
	__builtin_memcpy(s->data.address, c->end.address, 16);
	s->data.offset = offset;
	s->data.total = message->length;
	if (message->vectors)
		s->data.data_length = gather(s, message->vectors, message->vector_count, limit);
	else if (message->buffer)
		s->data.data_length = append_user(s, at, message->buffer, limit);
	else
		s->header.flags |= FLAG_TRUNCATED;
	send(s, at + s->data.data_length);
	return 0;
}

/* write(fd, buffer, length), sendto(fd, buffer, length, flags, address, size) */
SEC("raw_tracepoint")
int on_send(struct bpf_raw_tracepoint_args *context)
{
	struct message message = {};
	struct socket_call c = {};

	if (!enter(context, &c.call))
		return 0;
	message.fd = syscall_argument(c.call.regs, 0);
	message.buffer = (void *)syscall_argument(c.call.regs, 1);
	message.length = c.call.result > 0 ? c.call.result : syscall_argument(c.call.regs, 2);
	message.flags = shaped(&c.call, c.call.shape->argument);
	message.address = (void *)shaped(&c.call, c.call.shape->target);
	message.address_length = syscall_argument(c.call.regs, 5);
	return record_send(&c, &message);
}

/* writev(fd, vectors, count), pwritev2 without an offset */
SEC("raw_tracepoint")
int on_send_vector(struct bpf_raw_tracepoint_args *context)
{
	struct message message = {};
	struct socket_call c = {};

	if (!enter(context, &c.call))
		return 0;
	message.fd = syscall_argument(c.call.regs, 0);
	message.vectors = (void *)syscall_argument(c.call.regs, 1);
	message.vector_count = syscall_argument(c.call.regs, 2);
	message.length = c.call.result > 0 ? c.call.result : DATAGRAM_LIMIT;
	return record_send(&c, &message);
}

/* sendfile(to, from, ...), splice(from, offset, to, ...): how much, and to whom; the bytes are not at hand */
SEC("raw_tracepoint")
int on_send_file(struct bpf_raw_tracepoint_args *context)
{
	struct message message = {};
	struct socket_call c = {};

	if (!enter(context, &c.call))
		return 0;
	message.fd = shaped(&c.call, c.call.shape->target);
	message.length = c.call.result > 0 ? c.call.result : 0;
	return record_send(&c, &message);
}

static __always_inline void read_header(struct message *message, const void *user)
{
	struct user_msghdr header = {};

	bpf_probe_read_user(&header, sizeof(header), user);
	message->address = header.msg_name;
	message->address_length = header.msg_namelen;
	message->vectors = header.msg_iov;
	message->vector_count = header.msg_iovlen;
}

/* sendmsg(fd, header, flags) */
SEC("raw_tracepoint")
int on_send_message(struct bpf_raw_tracepoint_args *context)
{
	struct message message = {};
	struct socket_call c = {};

	if (!enter(context, &c.call))
		return 0;
	read_header(&message, (void *)syscall_argument(c.call.regs, 1));
	message.fd = syscall_argument(c.call.regs, 0);
	message.flags = syscall_argument(c.call.regs, 2);
	message.length = c.call.result > 0 ? c.call.result : DATAGRAM_LIMIT;
	return record_send(&c, &message);
}

/* One message of sendmmsg. Global, so that the verifier looks at it once and not for every message. */
__noinline int send_one(struct bpf_raw_tracepoint_args *context, u32 index)
{
	struct message message = {};
	struct socket_call c = {};
	struct mmsghdr *header;

	if (!enter(context, &c.call))
		return 1;
	/* one that failed was an attempt at the first */
	if (c.call.result < 0 ? index > 0 : index >= c.call.result)
		return 1;
	header = (struct mmsghdr *)syscall_argument(c.call.regs, 1) + index;
	read_header(&message, header);
	message.fd = syscall_argument(c.call.regs, 0);
	message.flags = syscall_argument(c.call.regs, 3);
	if (c.call.result < 0)
		message.length = DATAGRAM_LIMIT;
	else
		bpf_probe_read_user(&message.length, sizeof(message.length), &header->msg_len);
	return record_send(&c, &message);
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

#endif
