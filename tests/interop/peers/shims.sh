# Sourced: builds the preload shims once, outside this folder (it may be read-only), and sets $shims to where they are.
# SHIM_DIR names another place.
shims=${SHIM_DIR:-${TMPDIR:-/tmp}/minisyncml-peer-shims}
mkdir -p "$shims" || exit 1
for source in "$here"/shim/*.c; do
    object=$shims/$(basename "$source" .c).so
    [ "$object" -nt "$source" ] && continue
    gcc -shared -fPIC -O2 -Wall -o "$object.$$" "$source" -ldl >&2 && mv "$object.$$" "$object" || exit 1
done
