# Prints the Makefile's targets with the text behind their "##", under the headings behind "##@".
/^##@/ { printf "%s%s\n", (headings++ ? "\n" : ""), substr($0, 5) }
/^[a-z][a-z-]*:.*## / {
    target = $0; sub(/:.*/, "", target)
    text = $0; sub(/.*## /, "", text); gsub(/\$\$/, "$", text)
    printf "  make %-13s %s\n", target, text
}
