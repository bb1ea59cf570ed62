/* SyncEvolution waits for its own threads with a timer of a whole second, which glib rounds up to two: nearly all the
 * time of a sync. This preload makes that one timer short. Others, of minutes, stay; so does what it says on the wire. */
#define _GNU_SOURCE
#include <dlfcn.h>

typedef int (*call)(void *);
typedef unsigned (*timer)(unsigned, call, void *);

unsigned g_timeout_add_seconds(unsigned seconds, call function, void *data)
{
    timer real = (timer)dlsym(RTLD_NEXT, seconds == 1 ? "g_timeout_add" : "g_timeout_add_seconds");
    return real(seconds == 1 ? 20 : seconds, function, data);
}
