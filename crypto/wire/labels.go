package wire

// Label separates the uses of hash functions, so that a value made for one
// purpose can never stand in for another. This is the only table of labels;
// a new use gets a new line here.
type Label string

// Labels of the node-to-node protocols. The suffix is the version of what is
// hashed under it.
const (
	LabelSession     Label = "parley/session/v1"
	LabelTranscript  Label = "parley/transcript/v1"
	LabelHashToCurve Label = "parley/align/curve25519_XMD:SHA-512_ELL2_NU_/v1" // + session id
	LabelDummyC      Label = "parley/align/dummy/c/v1"
	LabelDummyP      Label = "parley/align/dummy/p/v1"
	LabelFiller      Label = "parley/align/filler/v1"
	LabelUnit        Label = "parley/align/unit/v1"
	LabelAlignSeed   Label = "parley/align/seed/v1"
	LabelAlignTerms  Label = "parley/align/terms/v1"
	LabelAlignKey    Label = "parley/align/key/v1"
	LabelTag         Label = "parley/align/tag/v1"
	LabelInnerSeed   Label = "parley/inner/seed/v1"
	LabelInnerBlock  Label = "parley/inner/a/v1"
	LabelInnerKey    Label = "parley/inner/apk/v1"
	LabelGarbleHash  Label = "parley/garble/hash/v1"
	LabelBaseOT      Label = "parley/garble/base-ot/v1"
	LabelBaseID      Label = "parley/garble/base-id/v1"
	LabelBaseAgreed  Label = "parley/garble/base-agreed/v1"
	LabelBaseNext    Label = "parley/garble/base-next/v1"
	LabelExtension   Label = "parley/garble/iknp/v1"
	LabelCheck       Label = "parley/garble/kos/v1"
	LabelCellKey     Label = "parley/garble/cell-key/v1"
	LabelResult      Label = "parley/result/v1"
	LabelLedger      Label = "parley/ledger/chain/v1"
	LabelAnchor      Label = "parley/anchor/chain/v1"
	LabelAnchored    Label = "parley/anchor/state/v1"
	LabelFingerprint Label = "parley/ledger/fingerprint/v1"
	LabelSource      Label = "parley/ledger/source/v1"
	LabelSelected    Label = "parley/history/unit/v1"
	LabelSketch      Label = "parley/history/sketch/v1"
	LabelRandom      Label = "parley/random/v1"
	LabelInvitation  Label = "parley/invitation/secret/v1"
	LabelInviteLine  Label = "parley/invitation/line/v1"
	LabelJoinProof   Label = "parley/invitation/proof/v1"
	LabelJoinVouch   Label = "parley/invitation/vouch/v1"
	LabelWords       Label = "parley/partner/words/v1"
)
