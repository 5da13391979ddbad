/* The ceiling: winpush's own requests from C, every answer read and checked, and nothing that a library would need.
 *
 *     sender --url http://127.0.0.1:PORT --request FILE --sends N [--warmup N] [--concurrency N] [--uris N]
 *            [--ca FILE] [--rate SENDS_A_SECOND --latencies FILE]
 *
 * FILE holds one request as winpush wrote it; the seven digits at the end of its target are replaced by each send's own.
 * One thread, epoll, one request in flight on each connection. An answer counts when its status is 200, when it says that
 * the notification was received, and when it has the id of its request.
 *
 * With --rate the times of the sends are fixed beforehand (see peers/pacing.py): a send that finds no free connection
 * waits, and its wait counts. With --rate 0 all are due at once. The latencies are written to a file, as 64-bit
 * nanoseconds.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <time.h>

#include "header_line.h"
#include "stub_wire.h"

enum { REQUEST_BYTES = 4096, ANSWER_BYTES = 4096, EVENTS = 512, ID_DIGITS = 7, GRACE_NS = 1000000 };

struct connection {
    struct wire wire;
    size_t number; /* of the send that it is on */
    size_t answer_bytes;
    char request[REQUEST_BYTES];
    char answer[ANSWER_BYTES + 1];
};

/* What an answer's head says. Pointers lead into the connection's answer. */
struct head {
    int status;
    size_t body_bytes;
    bool was_received, is_connected, is_active;
    const char *id;
    size_t id_bytes;
};

static struct {
    const char *request, *ca, *latencies;
    int port;
    size_t sends, warmup, concurrency, uris;
    bool is_paced;
    double rate;
} given = {.concurrency = 64, .uris = 10000};

static struct {
    size_t request_bytes, id_at; /* the request, and where its id begins */
    size_t next, end, done;      /* sends of this phase */
    size_t errors, checked, wrong;
    uint64_t start_ns, interval_ns, *latencies_ns; /* of the paced phase */
} work;

static struct connection **free_ones, **to_write;
static size_t free_count, to_write_count;
static int poller, timer = -1;

static void die(const char *what) {
    perror(what);
    exit(1);
}

static uint64_t clock_ns(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/* ---------------------------------------------------------------- connections */

#ifndef WITHOUT_TLS

static void begin_tls(struct wire *wire) {
    if (tls_context == NULL) {
        tls_context = SSL_CTX_new(TLS_client_method());
        if (tls_context == NULL || SSL_CTX_load_verify_locations(tls_context, given.ca, NULL) != 1) die(given.ca);
        SSL_CTX_set_verify(tls_context, SSL_VERIFY_PEER, NULL);
        SSL_CTX_set_read_ahead(tls_context, 1); /* one read for a record instead of two */
    }
    wire->tls = SSL_new(tls_context);
    if (wire->tls == NULL || X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(wire->tls), "127.0.0.1") != 1) die("SSL_new");
    SSL_set_fd(wire->tls, wire->fd);
    if (SSL_connect(wire->tls) != 1) {
        ERR_print_errors_fp(stderr);
        exit(1);
    }
}

#else

static void begin_tls(struct wire *wire) {
    (void)wire;
    fputs("built without TLS\n", stderr);
    exit(1);
}

#endif

static void open_connection(struct connection *c, const char *request) {
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons((uint16_t)given.port)};
    int on = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) < 0) die("connect");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    c->wire = (struct wire){fd, NULL};
    if (given.ca != NULL) begin_tls(&c->wire);
    fcntl(fd, F_SETFL, O_NONBLOCK);
    memcpy(c->request, request, work.request_bytes);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
    if (epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event) < 0) die("epoll_ctl");
    free_ones[free_count++] = c;
}

/* ---------------------------------------------------------------- sending */

static uint64_t intended_ns(size_t number) { return work.start_ns + (number - given.warmup) * work.interval_ns; }

static bool is_due(void) {
    return work.next < work.end && (work.interval_ns == 0 || clock_ns(CLOCK_MONOTONIC) >= intended_ns(work.next));
}

static void start_send(struct connection *c) {
    c->number = work.next++;
    c->answer_bytes = 0;
    char *digit = c->request + work.id_at + ID_DIGITS;
    size_t id = c->number % given.uris;
    for (int i = 0; i < ID_DIGITS; i++, id /= 10) *--digit = (char)('0' + id % 10);
    to_write[to_write_count++] = c;
}

/* What one turn of the loop has to write goes out at its end: the server is woken once for all of it. */
static void write_all(void) {
    for (size_t i = 0; i < to_write_count; i++) {
        struct connection *c = to_write[i];
        if (transmit(&c->wire, c->request, work.request_bytes) != (ssize_t)work.request_bytes) die("send");
    }
    to_write_count = 0;
}

static void start_due(void) {
    while (free_count > 0 && is_due()) start_send(free_ones[--free_count]);
}

/* Has the timer wake us for the next send, when a connection is free for it. */
static void set_timer(void) {
    if (work.interval_ns == 0 || free_count == 0 || work.next >= work.end) return;
    uint64_t at = intended_ns(work.next);
    struct itimerspec when = {.it_value = {(time_t)(at / 1000000000), (long)(at % 1000000000)}};
    if (timerfd_settime(timer, TFD_TIMER_ABSTIME, &when, NULL) < 0) die("timerfd_settime");
}

/* ---------------------------------------------------------------- reading answers */

static void read_header(struct head *head, const char *line, const char *end) {
    struct header header;
    if (!split_line(&header, line, end)) return;
    if (is_header(&header, "content-length")) {
        head->body_bytes = strtoul(header.value, NULL, 10); /* the line's CR ends the number */
    } else if (is_header(&header, "x-notificationstatus")) {
        head->was_received = has_value(&header, "received");
    } else if (is_header(&header, "x-deviceconnectionstatus")) {
        head->is_connected = has_value(&header, "connected");
    } else if (is_header(&header, "x-subscriptionstatus")) {
        head->is_active = has_value(&header, "active");
    } else if (is_header(&header, "x-stub-id")) {
        head->id = header.value;
        head->id_bytes = header.value_bytes;
    }
}

/* Whether the whole answer is there. */
static bool read_answer(const struct connection *c, struct head *head) {
    memset(head, 0, sizeof *head);
    const char *start = c->answer, *end = memmem(start, c->answer_bytes, "\r\n\r\n", 4);
    if (end == NULL) return false;
    if (strncmp(start, "HTTP/1.1 ", 9) == 0) head->status = atoi(start + 9);
    const char *line_end = memchr(start, '\r', (size_t)(end - start) + 1);
    while (line_end < end) {
        const char *line = line_end + 2;
        line_end = memchr(line, '\r', (size_t)(end - line) + 1);
        read_header(head, line, line_end);
    }
    return c->answer_bytes >= (size_t)(end - start) + 4 + head->body_bytes;
}

static void check_answer(const struct connection *c, const struct head *head) {
    if (head->status != 200 || !head->was_received || !head->is_connected || !head->is_active || head->id == NULL) {
        work.errors++;
        return;
    }
    work.checked++;
    if (head->id_bytes != ID_DIGITS || memcmp(head->id, c->request + work.id_at, ID_DIGITS) != 0) work.wrong++;
}

static void on_connection(struct connection *c) {
    do {
        ssize_t got = receive(&c->wire, c->answer + c->answer_bytes, ANSWER_BYTES - c->answer_bytes);
        if (got < 0) die("the server closed a connection");
        if (got == 0) return;
        c->answer_bytes += (size_t)got;
        c->answer[c->answer_bytes] = '\0';
        struct head head;
        if (read_answer(c, &head)) {
            check_answer(c, &head);
            if (work.latencies_ns != NULL && c->number >= given.warmup)
                work.latencies_ns[c->number - given.warmup] = clock_ns(CLOCK_MONOTONIC) - intended_ns(c->number);
            work.done++;
            if (is_due())
                start_send(c);
            else
                free_ones[free_count++] = c;
            return; /* one request in flight: nothing can follow its answer */
        }
        if (c->answer_bytes == ANSWER_BYTES) die("an answer is too long");
    } while (holds_more(&c->wire));
}

/* Sends those numbered from `first` to before `end`. */
static void run(size_t first, size_t end) {
    struct epoll_event events[EVENTS];
    work.next = work.done = first;
    work.end = end;
    while (work.done < end) {
        start_due();
        write_all();
        set_timer();
        int ready = epoll_wait(poller, events, EVENTS, -1);
        for (int i = 0; i < ready; i++) {
            uint64_t ignored;
            if (events[i].data.ptr != NULL)
                on_connection(events[i].data.ptr);
            else if (read(timer, &ignored, sizeof ignored) < 0 && errno != EAGAIN)
                die("timerfd");
        }
    }
}

/* ---------------------------------------------------------------- the job */

static void begin_pace(void) {
    work.latencies_ns = calloc(given.sends, sizeof *work.latencies_ns);
    if (work.latencies_ns == NULL) die("calloc");
    work.interval_ns = given.rate > 0 ? (uint64_t)(1e9 / given.rate) : 0;
    work.start_ns = clock_ns(CLOCK_MONOTONIC) + (work.interval_ns > 0 ? GRACE_NS : 0);
    timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
    if (timer < 0 || epoll_ctl(poller, EPOLL_CTL_ADD, timer, &event) < 0) die("timerfd_create");
}

static void write_latencies(void) {
    FILE *file = fopen(given.latencies, "wb");
    if (file == NULL || fwrite(work.latencies_ns, sizeof *work.latencies_ns, given.sends, file) != given.sends ||
        fclose(file) != 0)
        die(given.latencies);
}

static void read_arguments(int count, char **arguments) {
    for (int i = 1; i + 1 < count; i += 2) {
        const char *name = arguments[i], *value = arguments[i + 1], *colon = strrchr(value, ':');
        if (strcmp(name, "--url") == 0) given.port = colon == NULL ? 0 : atoi(colon + 1);
        if (strcmp(name, "--request") == 0) given.request = value;
        if (strcmp(name, "--ca") == 0) given.ca = value;
        if (strcmp(name, "--latencies") == 0) given.latencies = value;
        if (strcmp(name, "--sends") == 0) given.sends = strtoul(value, NULL, 10);
        if (strcmp(name, "--warmup") == 0) given.warmup = strtoul(value, NULL, 10);
        if (strcmp(name, "--concurrency") == 0) given.concurrency = strtoul(value, NULL, 10);
        if (strcmp(name, "--uris") == 0) given.uris = strtoul(value, NULL, 10);
        if (strcmp(name, "--rate") == 0) given.is_paced = true, given.rate = strtod(value, NULL);
    }
    if (given.request == NULL || given.port == 0 || given.concurrency == 0 || given.uris == 0) {
        fputs("sender: --url, --request, --concurrency and --uris are needed\n", stderr);
        exit(2);
    }
}

static void read_request(char *into) {
    FILE *file = fopen(given.request, "rb");
    if (file == NULL) die(given.request);
    work.request_bytes = fread(into, 1, REQUEST_BYTES, file);
    fclose(file);
    const char *version = memmem(into, work.request_bytes, " HTTP/1.1\r\n", 11);
    if (version == NULL || version - into < ID_DIGITS || work.request_bytes == REQUEST_BYTES) {
        fputs("sender: that is no request\n", stderr);
        exit(2);
    }
    work.id_at = (size_t)(version - into) - ID_DIGITS;
}

/* The most memory that this process held. Not getrusage: its peak includes that of the process that started us. */
static long peak_kib(void) {
    char line[256];
    long peak = 0;
    FILE *file = fopen("/proc/self/status", "r");
    while (file != NULL && peak == 0 && fgets(line, sizeof line, file) != NULL) sscanf(line, "VmHWM: %ld", &peak);
    if (file != NULL) fclose(file);
    return peak;
}

static void report(double wall, double cpu) {
    printf("{\"sends\": %zu, \"warmup\": %zu, \"errors\": %zu, \"wall_seconds\": %.6f, \"cpu_seconds\": %.6f, "
           "\"peak_kib\": %ld, \"ids_checked\": %zu, \"ids_wrong\": %zu}\n",
           given.sends, given.warmup, work.errors, wall, cpu, peak_kib(), work.checked, work.wrong);
}

int main(int count, char **arguments) {
    static char request[REQUEST_BYTES];
    read_arguments(count, arguments);
    read_request(request);
    poller = epoll_create1(EPOLL_CLOEXEC);
    free_ones = calloc(given.concurrency, sizeof *free_ones);
    to_write = calloc(given.concurrency, sizeof *to_write);
    struct connection *all = calloc(given.concurrency, sizeof *all);
    if (free_ones == NULL || to_write == NULL || all == NULL) die("calloc");
    for (size_t i = 0; i < given.concurrency; i++) open_connection(&all[i], request);
    run(0, given.warmup);
    if (given.is_paced) begin_pace();
    uint64_t wall = clock_ns(CLOCK_MONOTONIC), cpu = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
    run(given.warmup, given.warmup + given.sends);
    double wall_seconds = (double)(clock_ns(CLOCK_MONOTONIC) - wall) / 1e9;
    double cpu_seconds = (double)(clock_ns(CLOCK_PROCESS_CPUTIME_ID) - cpu) / 1e9;
    if (given.is_paced && given.latencies != NULL) write_latencies();
    report(wall_seconds, cpu_seconds);
}
