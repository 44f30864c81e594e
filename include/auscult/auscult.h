/* auscult/auscult.h - everything. */
#ifndef AUSCULT_H
#define AUSCULT_H

#include <auscult/attrib.h>
#include <auscult/audio.h>
#include <auscult/bundle.h>
#include <auscult/core.h>
#include <auscult/dsp.h>
#include <auscult/eval.h>
#include <auscult/explain.h>
#include <auscult/fidelity.h>
#include <auscult/global.h>
#include <auscult/midi.h>
#include <auscult/l2i.h>
#include <auscult/model.h>
#include <auscult/net.h>
#include <auscult/nmf.h>
#include <auscult/perturb.h>
#include <auscult/sep.h>
#include <auscult/train.h>

#endif
