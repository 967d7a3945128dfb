{{-- One root, as Livewire wants it. --}}
<div class="pvr">
    @include('provisor-support::style')

    @if ($support === null)
        <p class="pvr-note pvr-bad" role="alert">{{ $problem }}</p>
    @else
        <section class="pvr-card">
            <div class="pvr-head">
                <div>
                    <h3>{{ $product }}</h3>
                    <p class="pvr-soft">{{ $support->email }}</p>
                </div>
                <span class="pvr-state pvr-{{ $support->state }}">{{ $words->say("states.$support->state") }}</span>
            </div>
            @if ($support->state === 'active')
                <div>
                    <p class="pvr-soft">{{ $words->say('panel.key') }}</p>
                    <p><code class="pvr-key">{{ $support->supportKey }}</code></p>
                    <p class="pvr-soft">{{ $words->say('panel.key_help') }}</p>
                </div>
                @if ($asking)
                    <div class="pvr-note pvr-bad" role="alertdialog" aria-labelledby="pvr-ask">
                        <p id="pvr-ask">{{ $words->say('panel.change_ask') }}</p>
                        <div class="pvr-row">
                            <button type="button" class="pvr-danger" wire:click="changeKey" wire:loading.attr="disabled">{{ $words->say('panel.change_yes') }}</button>
                            <button type="button" wire:click="dismiss">{{ $words->say('panel.cancel') }}</button>
                        </div>
                    </div>
                @else
                    <button type="button" wire:click="askForKey">{{ $words->say('panel.change') }}</button>
                @endif
            @else
                <p class="pvr-note">{{ $words->say("panel.$support->state") }}</p>
            @endif
        </section>
    @endif
</div>
