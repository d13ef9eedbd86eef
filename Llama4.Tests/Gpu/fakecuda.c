// A driver without a GPU, for tests of the host's side: device memory is host memory, kernels are not run, launches are counted.
// FAKECUDA_VERSION, FAKECUDA_DEVICES, FAKECUDA_INIT: what the calls of that kind answer.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CALL __attribute__((visibility("default"))) int

static int number(const char *name, int otherwise) { const char *text = getenv(name); return text ? atoi(text) : otherwise; }

CALL cuInit(unsigned flags) { return number("FAKECUDA_INIT", 0); }
CALL cuDriverGetVersion(int *version) { *version = number("FAKECUDA_VERSION", 13000); return 0; }
CALL cuGetErrorString(int error, const char **text) { *text = "made to fail"; return 0; }
CALL cuDeviceGet(int *device, int index) { *device = index; return 0; }
CALL cuDeviceGetCount(int *count) { *count = number("FAKECUDA_DEVICES", 1); return 0; }
CALL cuDeviceGetName(char *name, int length, int device) { snprintf(name, length, "Fake H200"); return 0; }
CALL cuDeviceTotalMem_v2(size_t *bytes, int device) { *bytes = 141ull << 30; return 0; }
CALL cuDeviceGetAttribute(int *value, int attribute, int device)
{
    switch (attribute)
    {
        case 75: *value = 9; break;           // compute capability, major
        case 76: *value = 0; break;           // minor
        case 10: *value = 32; break;          // threads of a warp
        case 1: case 2: case 3: *value = 1024; break;
        case 4: *value = 64; break;
        case 5: *value = 2147483647; break;
        case 6: case 7: *value = 65535; break;
        case 8: *value = 49152; break;        // shared memory of a group
        case 16: *value = 132; break;         // multiprocessors
        case 39: *value = 2048; break;        // threads of a multiprocessor
        default: *value = 1; break;
    }
    return 0;
}
CALL cuCtxCreate_v2(void **context, unsigned flags, int device) { *context = (void *)0x1234; return 0; }
CALL cuCtxDestroy_v2(void *context) { return 0; }
CALL cuCtxSetCurrent(void *context) { return 0; }
CALL cuCtxSynchronize(void) { return 0; }
CALL cuCtxGetCacheConfig(int *config) { *config = 0; return 0; }
CALL cuCtxSetCacheConfig(int config) { return 0; }
CALL cuCtxGetSharedMemConfig(int *config) { *config = 0; return 0; }
CALL cuCtxSetSharedMemConfig(int config) { return 0; }
CALL cuDeviceCanAccessPeer(int *can, int a, int b) { *can = 0; return 0; }
CALL cuMemGetInfo_v2(size_t *available, size_t *total) { *available = *total = 141ull << 30; return 0; }
CALL cuMemAlloc_v2(void **memory, size_t bytes)
{
    if (bytes > 141ull << 30) return 2;
    *memory = aligned_alloc(256, (bytes + 255) / 256 * 256);
    return *memory ? 0 : 2;
}
CALL cuMemFree_v2(void *memory) { free(memory); return 0; }
CALL cuMemAllocHost_v2(void **memory, size_t bytes) { *memory = malloc(bytes); return 0; }
CALL cuMemHostAlloc(void **memory, size_t bytes, unsigned flags) { *memory = malloc(bytes); return 0; }
CALL cuMemFreeHost(void *memory) { free(memory); return 0; }
CALL cuMemHostRegister_v2(void *memory, size_t bytes, unsigned flags) { return 0; }
CALL cuMemHostUnregister(void *memory) { return 0; }
CALL cuMemHostGetDevicePointer_v2(void **device, void *host, int flags) { *device = host; return 0; }
CALL cuPointerGetAttribute(void *value, int attribute, void *memory) { *(int *)value = 2; return 0; }
CALL cuMemcpyAsync(void *target, void *source, size_t bytes, void *stream) { memcpy(target, source, bytes); return 0; }
CALL cuMemsetD8Async(void *target, unsigned char value, size_t bytes, void *stream) { memset(target, value, bytes); return 0; }
CALL cuStreamCreate(void **stream, unsigned flags) { *stream = (void *)0x5678; return 0; }
CALL cuStreamCreateWithPriority(void **stream, unsigned flags, int priority) { *stream = (void *)0x5678; return 0; }
CALL cuStreamDestroy_v2(void *stream) { return 0; }
CALL cuStreamSynchronize(void *stream) { return 0; }
CALL cuModuleLoadDataEx(void **module, const char *text, int options, void *names, void *values)
{
    const char *file = getenv("FAKECUDA_TEXT");
    if (file) { FILE *out = fopen(file, "w"); fputs(text, out); fclose(out); }
    *module = strdup(text);
    return 0;
}
CALL cuModuleLoadData(void **module, const char *text) { return cuModuleLoadDataEx(module, text, 0, 0, 0); }
CALL cuModuleUnload(void *module) { free(module); return 0; }
CALL cuModuleGetFunction(void **function, void *module, const char *name) { *function = module; return 0; }
CALL cuLaunchKernel(void *function, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by, unsigned bz, unsigned shared, void *stream, void **arguments, void **extra)
{
    const char *file = getenv("FAKECUDA_LAUNCH");
    if (!file) return 0;
    FILE *out = fopen(file, "a");
    fprintf(out, "grid %u,%u,%u group %u,%u,%u shared %u arguments", gx, gy, gz, bx, by, bz, shared);
    // Pairs of a key and a value: 1, the buffer, 2, its size.
    if (extra) for (size_t i = 0; i < *(size_t *)extra[3]; i++) fprintf(out, " %02x", ((unsigned char *)extra[1])[i]);
    fputc('\n', out);
    fclose(out);
    return 0;
}
