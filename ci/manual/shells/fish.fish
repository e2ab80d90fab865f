# Completion of slipway for fish: in ~/.config/fish/config.fish
#     slipway completion fish | source
function __slipway_words
    set -l words (commandline --tokenize --cut-at-cursor --current-process) (commandline --current-token --cut-at-cursor)
    set -l found ($words[1] __complete $words[2..] 2>/dev/null)
    if set -q found[1]
        printf '%s\n' $found
    else
        __fish_complete_path $words[-1]
    end
end
complete --command slipway --no-files --arguments '(__slipway_words)'
