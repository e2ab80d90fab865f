#compdef slipway
# Completion of slipway for Zsh: in ~/.zshrc, behind compinit,
#     source <(slipway completion zsh)
_slipway() {
	local line
	local -a found
	for line in "${(@f)$("${words[1]}" __complete "${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
		[[ -z $line ]] || found+=("${${line%%$'\t'*}//:/\\:}:${line#*$'\t'}")
	done
	if (( $#found )); then
		_describe slipway found
	else
		_files
	fi
}
compdef _slipway slipway
