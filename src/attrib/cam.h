/* cam.h - class activation maps: the space of a layer, and maps enlarged to the input. */
#ifndef AUS_ATTRIB_CAM_H
#define AUS_ATTRIB_CAM_H

#include "attrib/attrib.h"

/* A layer [mb, c, space...] or [mb, c]: the planes of one item. */
typedef struct aus_planes { int64_t items, channels, cells; int32_t rank; int64_t dim[AUS_MAX_DIMS]; } aus_planes; /* dim[rank]: space */
aus_status aus_planes_of(const aus_question *q, aus_planes *p);

/* map[space] to the space of dims (the last axes; axes before them repeat it); linear: between cells' centres, else nearest
 * (torch's: floor). to[product of all axes of dims behind the first `skip`]. */
aus_status aus_upsample(const aus_question *q, const aus_planes *p, const float *map, const aus_dims *dims, int32_t skip, bool linear, float *to);
bool aus_wants_linear(const aus_question *q, bool fallback);

/* Gives out one array [items, 1, space...] (or, with config.upsample, the input's shape) made of map[items][cells]. */
aus_status aus_cam_put(const aus_question *q, const aus_planes *p, const float *map, aus_attribution *out);

#endif
