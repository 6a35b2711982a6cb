/* Sockets: who was contacted, and who was waited for. */
#ifndef FANGS_SOCKET_H
#define FANGS_SOCKET_H

#include <bpf/bpf_endian.h>

#include "file.bpf.h"

#define AF_UNIX 1
#define AF_INET 2
#define AF_INET6 10
#define SOCK_STREAM 1
#define FILE_TYPE_MASK 0170000
#define FILE_TYPE_SOCKET 0140000
#define UNIX_PATH_MAX 108

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

static __always_inline void endpoint_of(const struct sockaddr_in6 *address, struct endpoint *out)
{
	out->family = address->sin6_family;
	if (out->family == AF_INET)
		__builtin_memcpy(out->address, &((struct sockaddr_in *)address)->sin_addr, 4);
	else if (out->family == AF_INET6)
		__builtin_memcpy(out->address, &address->sin6_addr, 16);
	else
		return;
	out->port = bpf_ntohs(address->sin6_port);
}

static __always_inline void user_endpoint(const void *user, struct endpoint *out)
{
	struct sockaddr_in6 address = {};

	/* An IPv4 address may end where the user's memory ends. */
	if (bpf_probe_read_user(&address, sizeof(address), user))
		bpf_probe_read_user(&address, sizeof(struct sockaddr_in), user);
	endpoint_of(&address, out);
}

static __always_inline bool named(struct endpoint *end)
{
	u64 *words = (u64 *)end->address;

	return end->port && (words[0] | words[1]);
}

/* The name that a unix socket is bound to, as the kernel holds it: a file's path, or an abstract name. */
static __always_inline u32 append_bound_name(struct scratch *s, u32 at, struct sock *sock)
{
	struct unix_sock *bound = (void *)sock;
	struct dentry *dentry = BPF_CORE_READ(bound, path.dentry);
	struct unix_address *address = BPF_CORE_READ(bound, addr);
	int length;

	if (dentry)
		return append_path(s, at, dentry, BPF_CORE_READ(bound, path.mnt));
	length = address ? BPF_CORE_READ(address, len) - (int)sizeof(sa_family_t) : 0;
	if (length <= 0 || length > UNIX_PATH_MAX)
		return 0;
	return append_kernel(
	    s, at, (void *)address + bpf_core_field_offset(struct unix_address, name) + sizeof(sa_family_t), length);
}

/* The name as it was asked for: a file's ends at its NUL, an abstract one begins with it. */
static __always_inline u32 append_asked_name(struct scratch *s, u32 at, const void *user, u32 length)
{
	char first = 0;

	if (length <= sizeof(sa_family_t))
		return 0;
	user += sizeof(sa_family_t);
	length -= sizeof(sa_family_t);
	bpf_probe_read_user(&first, 1, user);
	if (first)
		return append_user_string(s, at, user);
	return append_user(s, at, user, length < UNIX_PATH_MAX ? length : UNIX_PATH_MAX);
}

/* A call on a socket: what every handler here needs. */
struct socket_call {
	struct call call;
	struct sock *sock;
	u64 inode;
	struct endpoint end;
};

static __always_inline bool enter_socket(struct bpf_raw_tracepoint_args *context, struct socket_call *c)
{
	if (!enter(context, &c->call))
		return false;
	c->sock = socket_of(syscall_argument(c->call.regs, 0), &c->inode);
	return c->sock;
}

/* Sends the record of an operation with its endpoint; for a unix socket with the name that `holder` is bound to, or
 * where there is none with the one that was asked for. */
static __always_inline int record_socket(struct socket_call *c, u8 operation, struct sock *holder)
{
	u32 at = sizeof(struct socket_record);
	struct scratch *s = c->call.s;
	struct sock *sock = c->sock;

	begin(s, c->call.process, c->call.run, RECORD_SOCKET, at, c->call.result);
	s->socket.socket = c->inode;
	s->socket.operation = operation;
	s->socket.type = BPF_CORE_READ(sock, sk_type);
	s->socket.protocol = BPF_CORE_READ(sock, sk_protocol);
	s->socket.family = c->end.family;
	s->socket.port = c->end.port;
	__builtin_memcpy(s->socket.address, c->end.address, 16);
	if (c->end.family == AF_UNIX && holder)
		s->socket.path_length = append_bound_name(s, at, holder);
	else if (c->end.family == AF_UNIX)
		s->socket.path_length = append_asked_name(s, at, (void *)syscall_argument(c->call.regs, 1),
							  syscall_argument(c->call.regs, 2));
	send(s, at + s->socket.path_length);
	return 0;
}

/* connect: the kernel's own idea of the peer counts, for the user's memory can change during the call. */
SEC("raw_tracepoint")
int on_connect(struct bpf_raw_tracepoint_args *context)
{
	struct socket_call c = {};
	struct unix_sock *own;
	struct sock *peer = NULL;

	if (!enter_socket(context, &c))
		return 0;
	own = (void *)c.sock;
	bpf_map_delete_elem(&streams, &c.inode);
	peer_of(c.sock, &c.end);
	if (!named(&c.end))
		user_endpoint((void *)syscall_argument(c.call.regs, 1), &c.end);
	if (c.end.family == AF_UNIX && c.call.result == 0)
		peer = BPF_CORE_READ(own, peer);
	return record_socket(&c, SOCKET_CONNECT, peer);
}

SEC("raw_tracepoint")
int on_bind(struct bpf_raw_tracepoint_args *context)
{
	struct socket_call c = {};

	if (!enter_socket(context, &c))
		return 0;
	if (c.call.result == 0)
		own_end(c.sock, &c.end);
	else
		user_endpoint((void *)syscall_argument(c.call.regs, 1), &c.end);
	return record_socket(&c, SOCKET_BIND, c.call.result == 0 ? c.sock : NULL);
}

SEC("raw_tracepoint")
int on_listen(struct bpf_raw_tracepoint_args *context)
{
	struct socket_call c = {};

	if (!enter_socket(context, &c))
		return 0;
	own_end(c.sock, &c.end);
	return record_socket(&c, SOCKET_LISTEN, c.sock);
}

SEC("raw_tracepoint")
int on_accept(struct bpf_raw_tracepoint_args *context)
{
	struct socket_call c = {};

	if (!enter(context, &c.call) || c.call.result < 0)
		return 0;
	c.sock = socket_of(c.call.result, &c.inode);
	if (!c.sock)
		return 0;
	peer_of(c.sock, &c.end);
	return record_socket(&c, SOCKET_ACCEPT, c.sock);
}

#endif
