/* sound.h - from a map to parts of the sound. Internal. */
#ifndef AUS_ATTRIB_SOUND_H
#define AUS_ATTRIB_SOUND_H

#include <auscult/attrib.h>

#include "model/inside.h"

/* *out as long as the model works on: the sound itself, or a padded copy (aus_free its data). */
aus_status aus_sound_padded(aus_ctx *ctx, const aus_model_info *info, const aus_audio *sound, aus_audio *out);
/* Three components from the first target's map, and what the model says of them to every target of the explanation. */
aus_status aus_sound_components(aus_ctx *ctx, aus_model *model, const aus_audio *sound, aus_components *c, aus_explanation *e);

#endif
