# Completion of slipway for Bash: in ~/.bashrc
#     source <(slipway completion bash)
_slipway() {
	local line word=$2 words=("${COMP_WORDS[@]:1:COMP_CWORD}")
	COMPREPLY=()
	while IFS=$'\t' read -r line _; do
		[[ $line != "$word"* && $word != "=" ]] || COMPREPLY+=("$line")
	done < <("$1" __complete "${words[@]}" 2>/dev/null)
}
complete -o bashdefault -o default -F _slipway slipway
