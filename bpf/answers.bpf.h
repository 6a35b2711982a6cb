/* What is received: DNS answers, which give addresses their names. */
#ifndef FANGS_ANSWERS_H
#define FANGS_ANSWERS_H

#include "traffic.bpf.h"

#define DNS_PORT 53
#define DNS_HEADER 12
#define DNS_FLAG_ANSWER 0x80

/* Received bytes are kept only where they look like a DNS answer. */
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
		u32 *mark = bpf_map_lookup_elem(&streams, &inode);

		if (mark && *mark == DISTRUSTED)
			return 0;
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
