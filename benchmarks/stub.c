/* A stub push service for the benchmark: every POST is accepted, and its answer carries the id of its request.
 *
 *     stub [--cert FILE --key FILE] [--latency-ms N]
 *
 * Listens on 127.0.0.1 alone, on ports that the system chooses, and prints them as one line of JSON. One thread, epoll,
 * keep-alive; plain, and TLS when it was given a certificate. It ends when its standard input does, so that no stub
 * outlives the run that started it.
 *
 * An answer is the one that MPNS gives for an accepted notification, and `X-Stub-Id`: what follows the last `/` or `=`
 * of the request's target. A number at the end of the id is counted, so that `GET /__stats` can tell whether a request
 * was lost or came twice. `GET /__reset` starts the counts anew.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "header_line.h"
#include "stub_wire.h"

enum { INPUT_BYTES = 8192, ANSWER_BYTES = 1024, ID_BYTES = 256, EVENTS = 512, COUNTED_IDS = 1 << 21 };

enum kind { CONTROL, PLAIN_LISTENER, TLS_LISTENER, CONNECTION };
enum phase { HEAD, BODY, WAIT, WRITE };

/* What epoll hands back: the first member of everything that is watched. */
struct watched {
    enum kind kind;
    int fd;
};

struct connection {
    struct watched watched;
    struct wire wire;
    enum phase phase;
    bool dead;            /* closed, but still in the queue of answers that wait */
    bool waits;           /* the answer is held back for the latency */
    bool last;            /* to be closed after this answer */
    bool watches_writing; /* what epoll was last told */
    size_t input_bytes;
    size_t body_left;
    size_t answer_bytes;
    size_t answer_done;
    uint64_t due_us;
    struct connection *next_due;
    char answer[ANSWER_BYTES];
    char input[INPUT_BYTES];
};

/* What a request's head says, as far as it matters here. Pointers lead into the connection's input. */
struct head {
    const char *target;
    size_t target_bytes;
    const char *message_id;
    size_t message_id_bytes;
    size_t body_bytes;
    bool is_post;
    bool last;
    bool unreadable; /* a body whose length is not given by Content-Length */
};

static struct {
    uint64_t requests, connections, body_bytes, refused, highest_id;
    int64_t open;
    uint32_t of_id[COUNTED_IDS];
} counts;

static int poller;
static uint64_t latency_us;
static struct connection *first_due, *last_due; /* one latency for all, so first in is first out */

static const char ACCEPTED[] = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX-NotificationStatus: Received\r\n"
                               "X-DeviceConnectionStatus: Connected\r\nX-SubscriptionStatus: Active\r\n";
static const char TAKEN[] = "HTTP/1.1 201 Created\r\nContent-Length: 0\r\nX-WNS-Status: received\r\n"
                            "X-WNS-NotificationStatus: received\r\n";
static const char BROWSERS[] = "/w/";
static const char NO_MESSAGE_ID[] = "00000000-0000-0000-0000-000000000000";

static void die(const char *what) {
    perror(what);
    exit(1);
}

static uint64_t now_us(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static void watch_writing(struct connection *c, bool wanted) {
    if (c->watches_writing == wanted) return;
    c->watches_writing = wanted;
    struct epoll_event event = {.events = EPOLLIN | (wanted ? EPOLLOUT : 0), .data.ptr = c};
    if (epoll_ctl(poller, EPOLL_CTL_MOD, c->watched.fd, &event) < 0) die("epoll_ctl");
}

static void finish(struct connection *c) {
    end_wire(&c->wire);
    counts.open--;
    if (c->phase == WAIT)
        c->dead = true; /* freed when its turn in the queue comes */
    else
        free(c);
}

/* ---------------------------------------------------------------- reading a request's head */

static void read_header(struct head *head, const char *line, const char *end) {
    struct header header;
    if (!split_line(&header, line, end)) return;
    if (is_header(&header, "content-length")) {
        head->body_bytes = strtoul(header.value, NULL, 10); /* the line's CR ends the number */
    } else if (is_header(&header, "x-messageid")) {
        head->message_id = header.value;
        head->message_id_bytes = header.value_bytes;
    } else if (is_header(&header, "connection")) {
        head->last = has_value(&header, "close");
    } else if (is_header(&header, "transfer-encoding")) {
        head->unreadable = true;
    }
}

/* `end` is where the head's last CR LF CR LF begins. False for what is no request. */
static bool read_head(const char *start, const char *end, struct head *head) {
    memset(head, 0, sizeof *head);
    const char *line_end = memchr(start, '\r', (size_t)(end - start) + 1);
    const char *space = memchr(start, ' ', (size_t)(line_end - start));
    if (space == NULL) return false;
    head->is_post = is_text(start, (size_t)(space - start), "POST");
    head->target = space + 1;
    const char *version = memchr(head->target, ' ', (size_t)(line_end - head->target));
    if (version == NULL) return false;
    head->target_bytes = (size_t)(version - head->target);
    head->last = is_text(version + 1, (size_t)(line_end - version - 1), "HTTP/1.0");
    while (line_end < end) {
        const char *line = line_end + 2;
        line_end = memchr(line, '\r', (size_t)(end - line) + 1);
        read_header(head, line, line_end);
    }
    return true;
}

/* ---------------------------------------------------------------- writing an answer */

static void append(struct connection *c, const void *bytes, size_t count) {
    if (count > ANSWER_BYTES - c->answer_bytes) count = ANSWER_BYTES - c->answer_bytes;
    memcpy(c->answer + c->answer_bytes, bytes, count);
    c->answer_bytes += count;
}

static void append_text(struct connection *c, const char *text) { append(c, text, strlen(text)); }

/* The message id of a request that had none: its id's number as a GUID, for peers that show no other header. */
static void append_message_id(struct connection *c, const char *digits, size_t digits_bytes) {
    char made[sizeof NO_MESSAGE_ID];
    memcpy(made, NO_MESSAGE_ID, sizeof made);
    size_t shown = digits_bytes < 12 ? digits_bytes : 12;
    memcpy(made + sizeof made - 1 - shown, digits + digits_bytes - shown, shown);
    append(c, made, sizeof made - 1);
}

static void answer_post(struct connection *c, const struct head *head) {
    const char *end = head->target + head->target_bytes, *id = end, *digits = end;
    while (id > head->target && id[-1] != '/' && id[-1] != '=') id--;
    if (end - id > ID_BYTES) id = end - ID_BYTES;
    while (digits > id && digits[-1] >= '0' && digits[-1] <= '9') digits--;
    size_t number = digits < end ? strtoul(digits, NULL, 10) : COUNTED_IDS; /* the space after it ends the number */
    if (number < COUNTED_IDS) {
        counts.of_id[number]++;
        if (number > counts.highest_id) counts.highest_id = number;
    }
    counts.requests++;
    counts.body_bytes += head->body_bytes;
    size_t prefix = sizeof BROWSERS - 1;
    if (head->target_bytes > prefix && memcmp(head->target, BROWSERS, prefix) == 0)
        append(c, TAKEN, sizeof TAKEN - 1);
    else
        append(c, ACCEPTED, sizeof ACCEPTED - 1);
    append_text(c, "X-MessageID: ");
    if (head->message_id != NULL)
        append(c, head->message_id, head->message_id_bytes < ID_BYTES ? head->message_id_bytes : ID_BYTES);
    else
        append_message_id(c, digits, (size_t)(end - digits));
    append_text(c, "\r\nX-Stub-Id: ");
    append(c, id, (size_t)(end - id));
    append_text(c, c->last ? "\r\nConnection: close\r\n\r\n" : "\r\n\r\n");
}

static void answer_status(struct connection *c, const char *status) {
    counts.refused++;
    c->last = true;
    append_text(c, "HTTP/1.1 ");
    append_text(c, status);
    append_text(c, "\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
}

static void answer_stats(struct connection *c) {
    uint64_t ids = 0, least = UINT64_MAX, most = 0;
    for (size_t id = 0; id <= counts.highest_id; id++) {
        uint64_t count = counts.of_id[id];
        if (count == 0) continue;
        ids++;
        if (count < least) least = count;
        if (count > most) most = count;
    }
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    uint64_t cpu_us = (uint64_t)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1000000 +
                      (uint64_t)(used.ru_utime.tv_usec + used.ru_stime.tv_usec);
    char body[512];
    int bytes = snprintf(body, sizeof body,
                         "{\"requests\": %lu, \"ids\": %lu, \"least\": %lu, \"most\": %lu, \"body_bytes\": %lu, "
                         "\"refused\": %lu, \"connections\": %lu, \"open\": %ld, \"cpu_us\": %lu}\n",
                         counts.requests, ids, ids ? least : 0, most, counts.body_bytes, counts.refused,
                         counts.connections, counts.open, cpu_us);
    c->answer_bytes = (size_t)snprintf(c->answer, ANSWER_BYTES,
                                       "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n"
                                       "Content-Length: %d\r\n\r\n%s", bytes, body);
    c->last = true;
}

static void reset_counts(void) {
    memset(counts.of_id, 0, (counts.highest_id + 1) * sizeof counts.of_id[0]);
    counts.requests = counts.connections = counts.body_bytes = counts.refused = counts.highest_id = 0;
}

/* Makes the whole answer, which goes out when the body has come and the latency is over. */
static void make_answer(struct connection *c, const struct head *head) {
    c->answer_bytes = c->answer_done = 0;
    c->last = head->last;
    c->waits = head->is_post && !head->unreadable && latency_us > 0;
    if (head->unreadable) {
        answer_status(c, "411 Length Required");
    } else if (head->is_post) {
        answer_post(c, head);
    } else if (is_text(head->target, head->target_bytes, "/__stats")) {
        answer_stats(c);
    } else if (is_text(head->target, head->target_bytes, "/__reset")) {
        reset_counts();
        answer_stats(c);
    } else {
        answer_status(c, "405 Method Not Allowed");
    }
}

static void wait_for_due(struct connection *c) {
    c->due_us = now_us() + latency_us;
    c->next_due = NULL;
    if (last_due != NULL)
        last_due->next_due = c;
    else
        first_due = c;
    last_due = c;
}

/* ---------------------------------------------------------------- a connection's steps */

static void drop_input(struct connection *c, size_t bytes) {
    c->input_bytes -= bytes;
    if (c->input_bytes > 0) memmove(c->input, c->input + bytes, c->input_bytes);
}

/* Each step: 1 when the next one can follow, 0 when bytes must come or go first, -1 when the connection is over. */
static int step_head(struct connection *c) {
    const char *end = memmem(c->input, c->input_bytes, "\r\n\r\n", 4);
    if (end == NULL) return c->input_bytes == INPUT_BYTES ? -1 : 0;
    struct head head;
    if (!read_head(c->input, end, &head)) return -1;
    make_answer(c, &head);
    c->phase = BODY;
    c->body_left = head.unreadable ? 0 : head.body_bytes;
    drop_input(c, (size_t)(end - c->input) + 4);
    return 1;
}

static int step_body(struct connection *c) {
    size_t taken = c->body_left < c->input_bytes ? c->body_left : c->input_bytes;
    c->body_left -= taken;
    drop_input(c, taken);
    if (c->body_left > 0) return 0;
    c->phase = c->waits ? WAIT : WRITE;
    if (c->waits) wait_for_due(c);
    return 1;
}

static int step_write(struct connection *c) {
    while (c->answer_done < c->answer_bytes) {
        ssize_t put = transmit(&c->wire, c->answer + c->answer_done, c->answer_bytes - c->answer_done);
        if (put < 0) return -1;
        if (put == 0) {
            watch_writing(c, true);
            return 0;
        }
        c->answer_done += (size_t)put;
    }
    watch_writing(c, false);
    if (c->last) return -1;
    c->phase = HEAD;
    return c->input_bytes > 0;
}

/* Goes on as far as the bytes at hand allow. False when the connection is over. */
static bool advance(struct connection *c) {
    for (;;) {
        int next = 0;
        if (c->phase == HEAD)
            next = step_head(c);
        else if (c->phase == BODY)
            next = step_body(c);
        else if (c->phase == WRITE)
            next = step_write(c);
        if (next <= 0) return next == 0;
    }
}

static void on_connection(struct connection *c) {
    do {
        if (c->input_bytes == INPUT_BYTES) { /* more than a head's worth before the last answer: nobody asked for that */
            finish(c);
            return;
        }
        ssize_t got = receive(&c->wire, c->input + c->input_bytes, INPUT_BYTES - c->input_bytes);
        if (got > 0) c->input_bytes += (size_t)got;
        if (got < 0 || !advance(c)) {
            finish(c);
            return;
        }
        if (got == 0) return;
    } while (holds_more(&c->wire));
}

/* Sends the answers whose time has come; milliseconds until the next one's, or -1 for none. */
static int run_due(void) {
    while (first_due != NULL) {
        struct connection *c = first_due;
        uint64_t now = now_us();
        if (!c->dead && c->due_us > now) return (int)((c->due_us - now + 999) / 1000);
        first_due = c->next_due;
        if (first_due == NULL) last_due = NULL;
        c->phase = WRITE;
        if (c->dead)
            free(c);
        else if (!advance(c))
            finish(c);
    }
    return -1;
}

/* ---------------------------------------------------------------- listening */

static void watch(struct watched *what) {
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = what};
    /* EPERM: standard input is a file or /dev/null, which never ends while we look */
    if (epoll_ctl(poller, EPOLL_CTL_ADD, what->fd, &event) < 0 && errno != EPERM) die("epoll_ctl");
}

static void accept_all(const struct watched *listener) {
    for (;;) {
        int fd = accept4(listener->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0) return;
        int on = 1;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        struct connection *c = malloc(sizeof *c);
        if (c == NULL) die("malloc");
        memset(c, 0, offsetof(struct connection, answer));
        c->watched = (struct watched){CONNECTION, fd};
        begin_wire(&c->wire, fd, listener->kind == TLS_LISTENER);
        counts.connections++;
        counts.open++;
        watch(&c->watched);
    }
}

/* Its port. */
static int listen_on(struct watched *listener) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t bytes = sizeof address;
    listener->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (listener->fd < 0 || bind(listener->fd, (struct sockaddr *)&address, sizeof address) < 0) die("bind");
    if (listen(listener->fd, 4096) < 0) die("listen");
    if (getsockname(listener->fd, (struct sockaddr *)&address, &bytes) < 0) die("getsockname");
    watch(listener);
    return ntohs(address.sin_port);
}

int main(int count, char **arguments) {
    const char *certificate = NULL, *key = NULL;
    for (int i = 1; i + 1 < count; i += 2) {
        if (strcmp(arguments[i], "--cert") == 0) certificate = arguments[i + 1];
        if (strcmp(arguments[i], "--key") == 0) key = arguments[i + 1];
        if (strcmp(arguments[i], "--latency-ms") == 0) latency_us = strtoul(arguments[i + 1], NULL, 10) * 1000;
    }
    signal(SIGPIPE, SIG_IGN);
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    poller = epoll_create1(EPOLL_CLOEXEC);

    struct watched control = {CONTROL, STDIN_FILENO}, plain = {PLAIN_LISTENER, -1}, tls = {TLS_LISTENER, -1};
    watch(&control);
    int plain_port = listen_on(&plain);
    int tls_port = certificate != NULL && load_certificate(certificate, key) ? listen_on(&tls) : 0;
    printf("{\"plain\": %d, \"tls\": %d}\n", plain_port, tls_port);
    fflush(stdout);

    struct epoll_event events[EVENTS];
    for (;;) {
        int ready = epoll_wait(poller, events, EVENTS, run_due());
        for (int i = 0; i < ready; i++) {
            struct watched *what = events[i].data.ptr;
            char ignored[256];
            if (what->kind == CONNECTION)
                on_connection((struct connection *)what);
            else if (what->kind != CONTROL)
                accept_all(what);
            else if (read(what->fd, ignored, sizeof ignored) <= 0)
                return 0;
        }
    }
}
