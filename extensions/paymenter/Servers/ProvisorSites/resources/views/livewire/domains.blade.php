<section class="pvr-card">
    <div class="pvr-head">
        <h3>{{ $words->say('panel.domains') }}</h3>
        @if ($overview->domains !== null)
            <span class="pvr-soft">{{ $words->say('panel.quota', ['used' => $overview->domains->quota->used, 'limit' => $overview->domains->quota->limit]) }}</span>
        @endif
    </div>
    @if ($overview->domains === null)
        <p class="pvr-note">{{ $overview->problems['domains'] }}</p>
    @else
        <ul class="pvr-list">
            @forelse ($overview->domains->domains as $domain)
                <li wire:key="domain-{{ $domain->hostname }}">
                    <div class="pvr-item">
                        <strong>{{ $domain->hostname }}</strong>
                        <span class="pvr-state pvr-{{ $domain->state }}">{{ $words->say("domain_states.$domain->state") }}</span>
                        <span class="pvr-buttons">
                            @unless ($domain->isActive())
                                <button type="button" wire:click="checkDomain(@js($domain->hostname))" wire:loading.attr="disabled">{{ $words->say('panel.check') }}</button>
                            @endunless
                            <button type="button" class="pvr-quiet" wire:click="ask('remove-domain', @js($domain->hostname))">{{ $words->say('panel.remove') }}</button>
                        </span>
                    </div>
                    @unless ($domain->isActive())
                        <p class="pvr-soft">{{ $domain->message }}</p>
                        <div class="pvr-scroll">
                            <table>
                                <caption>{{ $words->say('panel.records') }}</caption>
                                <thead><tr><th>{{ $words->say('panel.record_name') }}</th><th>{{ $words->say('panel.record_type') }}</th><th>{{ $words->say('panel.record_value') }}</th></tr></thead>
                                <tbody>
                                    @foreach ($domain->records as $record)
                                        <tr>
                                            <td data-label="{{ $words->say('panel.record_name') }}"><code>{{ $record->name }}</code></td>
                                            <td data-label="{{ $words->say('panel.record_type') }}"><code>{{ $record->type }}</code></td>
                                            <td data-label="{{ $words->say('panel.record_value') }}"><code>{{ $record->value }}{{ $record->required ? '' : ' ' . $words->say('panel.optional') }}</code></td>
                                        </tr>
                                    @endforeach
                                </tbody>
                            </table>
                        </div>
                    @endunless
                </li>
            @empty
                <li class="pvr-soft">{{ $words->say('panel.no_domains') }}</li>
            @endforelse
        </ul>
        @unless ($overview->domains->quota->isUsedUp())
            <form class="pvr-row" wire:submit.prevent="addDomain">
                <label class="pvr-grow">
                    <span class="pvr-hidden">{{ $words->say('panel.hostname') }}</span>
                    <input type="text" wire:model="hostname" placeholder="www.example.com" maxlength="253" autocomplete="off" autocapitalize="none" spellcheck="false">
                </label>
                <button type="submit" class="pvr-main" wire:loading.attr="disabled">{{ $words->say('panel.add_domain') }}</button>
            </form>
        @endunless
    @endif
</section>
