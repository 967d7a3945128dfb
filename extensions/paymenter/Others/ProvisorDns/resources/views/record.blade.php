<section class="pvr-card">
    <h3>{{ $words->say($about === '' ? 'zone.add' : 'zone.edit') }}</h3>
    <form class="pvr-form" wire:submit.prevent="saveRecord">
        <label>
            <span class="pvr-label">{{ $words->say('record.type') }}</span>
            <select wire:model.live="type">
                @foreach ($form::TYPES as $one)
                    <option value="{{ $one }}" @if ($one === $kind) selected @endif>{{ $one }}</option>
                @endforeach
            </select>
            @include('provisor-dns::fault', ['field' => 'type'])
        </label>
        <label>
            <span class="pvr-label">{{ $words->say('record.name') }}</span>
            <input type="text" wire:model="name" value="{{ $name }}" placeholder="{{ $kind === 'SRV' ? '_sip._tcp' : '@' }}" maxlength="1000" autocomplete="off" autocapitalize="none" spellcheck="false" aria-describedby="pvr-name-help">
            <span class="pvr-soft" id="pvr-name-help">{{ $words->say('record.name_help') }}</span>
            @include('provisor-dns::fault', ['field' => 'name'])
        </label>
        @foreach ($form::numbersOf($kind) as $field => $example)
            <label>
                <span class="pvr-label">{{ $words->say("record.$field") }}</span>
                <input type="text" inputmode="numeric" wire:model="{{ $field }}" value="{{ $$field }}" placeholder="{{ $example }}" maxlength="10" autocomplete="off">
                @include('provisor-dns::fault', ['field' => $field])
            </label>
        @endforeach
        @if ($kind === 'CAA')
            <label>
                <span class="pvr-label">{{ $words->say('record.tag') }}</span>
                <select wire:model="tag">
                    @foreach (['issue', 'issuewild', 'iodef'] as $one)
                        <option value="{{ $one }}" @if ($one === $tag) selected @endif>{{ $one }}</option>
                    @endforeach
                </select>
                @include('provisor-dns::fault', ['field' => 'tag'])
            </label>
        @endif
        <label class="pvr-wide">
            <span class="pvr-label">{{ $words->say("record.data_$kind") }}</span>
            @if ($kind === 'TXT')
                <textarea wire:model="data" rows="3" placeholder="{{ $form::EXAMPLES[$kind] }}" maxlength="8192" spellcheck="false">{{ $data }}</textarea>
            @else
                <input type="text" wire:model="data" value="{{ $data }}" placeholder="{{ $form::EXAMPLES[$kind] }}" maxlength="8192" autocomplete="off" autocapitalize="none" spellcheck="false">
            @endif
            @if ($form::takesProxy($kind))
                <span class="pvr-soft">{{ $words->say('record.proxy_help') }}</span>
            @endif
            @include('provisor-dns::fault', ['field' => 'data'])
        </label>
        <label>
            <span class="pvr-label">{{ $words->say('record.ttl') }}</span>
            <input type="text" inputmode="numeric" wire:model="ttl" value="{{ $ttl }}" placeholder="3600" maxlength="10" autocomplete="off">
            <span class="pvr-soft">{{ $words->say('record.ttl_help') }}</span>
            @include('provisor-dns::fault', ['field' => 'ttl'])
        </label>
        <div class="pvr-row pvr-wide">
            <button type="submit" class="pvr-main" wire:loading.attr="disabled">{{ $words->say('record.save') }}</button>
            <button type="button" wire:click="dismiss">{{ $words->say('page.cancel') }}</button>
        </div>
    </form>
</section>
