<section class="pvr-card">
    <h3>{{ $words->say('zone.import') }}</h3>
    <form class="pvr-form" wire:submit.prevent="checkImport">
        <label class="pvr-wide">
            <span class="pvr-label">{{ $words->say('import.file') }}</span>
            <textarea wire:model="file" rows="8" placeholder="www 3600 IN A 203.0.113.10" maxlength="1048576" spellcheck="false">{{ $file }}</textarea>
            @include('provisor-dns::fault', ['field' => 'file'])
        </label>
        @if ($lines !== [])
            <div class="pvr-wide">
                @unless (isset($faults['file']))
                    <p class="pvr-soft">{{ $words->say('import.ignored') }}</p>
                @endunless
                <ul class="pvr-lines">
                    @foreach ($lines as $number => $why)
                        <li>{{ $words->say('import.line', ['line' => $number]) }} {{ $why }}</li>
                    @endforeach
                </ul>
            </div>
        @endif
        <label class="pvr-wide">
            <span class="pvr-label">{{ $words->say('import.mode') }}</span>
            <select wire:model="mode">
                @foreach (['merge', 'replace'] as $one)
                    <option value="{{ $one }}" @if ($one === $mode) selected @endif>{{ $words->say("import.$one") }}</option>
                @endforeach
            </select>
        </label>
        @if ($isChecked)
            <div class="pvr-wide">
                @if ($diff === [])
                    <p class="pvr-note">{{ $words->say('import.nothing') }}</p>
                @else
                    <p class="pvr-soft">{{ $words->say('import.changes', ['count' => count($diff)]) }}</p>
                    <ul class="pvr-diff">
                        @foreach ($firstLines as $line)
                            <li class="{{ str_starts_with($line, '-') ? 'pvr-goes' : 'pvr-comes' }}"><code>{{ $line }}</code></li>
                        @endforeach
                    </ul>
                    @if (count($diff) > count($firstLines))
                        <p class="pvr-soft">{{ $words->say('import.more', ['count' => count($diff) - count($firstLines)]) }}</p>
                    @endif
                @endif
            </div>
        @endif
        <div class="pvr-row pvr-wide">
            <button type="submit" class="{{ $isChecked ? '' : 'pvr-main' }}" wire:loading.attr="disabled">{{ $words->say('import.check') }}</button>
            @if ($isChecked && $diff !== [])
                <button type="button" class="{{ $mode === 'replace' ? 'pvr-danger' : 'pvr-main' }}" wire:click="takeImport" wire:loading.attr="disabled">{{ $words->say('import.take') }}</button>
            @endif
            <button type="button" wire:click="dismiss">{{ $words->say('page.cancel') }}</button>
        </div>
    </form>
</section>
